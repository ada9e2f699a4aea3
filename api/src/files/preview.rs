//! Small pictures of pictures.

use std::io::{BufRead, Cursor, Seek};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

/// Pixels of a small picture, across and down, at most.
const PIXELS: u32 = 400;
/// Pixels of a picture, across and down.
const LARGEST: u32 = 20_000;
/// Bytes that a picture may take when it is unpacked.
const MEMORY: u64 = 256 * 1024 * 1024;

/// A small picture.
pub(super) struct Small {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The small picture of a picture, turned as its camera was held, and with nothing of what else the file says.
///
/// # Errors
/// When it does not read, or would take too much memory.
pub(super) fn small(picture: impl BufRead + Seek) -> Result<Small, ImageError> {
    let mut reader = ImageReader::new(picture).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST);
    limits.max_image_height = Some(LARGEST);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut whole = DynamicImage::from_decoder(decoder)?;
    whole.apply_orientation(orientation);
    let small = if whole.width() > PIXELS || whole.height() > PIXELS {
        whole.thumbnail(PIXELS, PIXELS)
    } else {
        whole
    };
    let (form, content_type, small) = if small.color().has_alpha() {
        (ImageFormat::Png, "image/png", DynamicImage::from(small.to_rgba8()))
    } else {
        (ImageFormat::Jpeg, "image/jpeg", DynamicImage::from(small.to_rgb8()))
    };
    let mut bytes = Cursor::new(Vec::new());
    small.write_to(&mut bytes, form)?;
    Ok(Small {
        width: small.width(),
        height: small.height(),
        bytes: bytes.into_inner(),
        content_type,
    })
}
