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
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST);
    limits.max_image_height = Some(LARGEST);
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::new(picture).with_guessed_format()?;
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    // A decoder counts what it needs for itself, and not what comes out of it.
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
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

#[cfg(test)]
mod tests {
    use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom, Write};

    use flate2::{Compression, Crc, write::ZlibEncoder};
    use image::ImageError;

    use super::{Small, small};
    use crate::files::bytes::speaks_of_bytes;

    fn chunk(into: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
        into.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        into.extend(name);
        into.extend(data);
        let mut sum = Crc::new();
        sum.update(&name);
        sum.update(data);
        into.extend(sum.sum().to_be_bytes());
    }

    /// A whole PNG of one colour, as many pixels across as down: one bit each in the file, three bytes when unpacked.
    fn one_colour(pixels: u32) -> Vec<u8> {
        let mut head = [pixels.to_be_bytes(), pixels.to_be_bytes()].concat();
        head.extend([1, 3, 0, 0, 0]);
        let row = vec![0; 1 + usize::try_from(pixels.div_ceil(8)).unwrap()];
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        for _ in 0..pixels {
            packed.write_all(&row).unwrap();
        }
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        chunk(&mut png, *b"IHDR", &head);
        chunk(&mut png, *b"PLTE", &[200, 30, 30]);
        chunk(&mut png, *b"IDAT", &packed.finish().unwrap());
        chunk(&mut png, *b"IEND", b"");
        png
    }

    fn why(picture: impl BufRead + Seek) -> ImageError {
        small(picture).map(|it| it.bytes).unwrap_err()
    }

    #[test]
    fn picture_that_would_fill_the_memory_is_not_unpacked() {
        let Small { width, height, .. } = small(Cursor::new(one_colour(900))).unwrap();
        assert_eq!((width, height), (400, 400));
        let bomb = one_colour(12_000);
        assert!(bomb.len() < 1_000_000, "{}", bomb.len());
        assert!(matches!(why(Cursor::new(bomb)), ImageError::Limits(_)));
    }

    /// A storage that gives so many bytes, and then breaks off.
    struct Breaking(Cursor<Vec<u8>>, u64);

    impl Read for Breaking {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.position() >= self.1 {
                return Err(io::Error::other("the storage does not answer"));
            }
            let most = into.len().min(16);
            self.0.read(&mut into[..most])
        }
    }

    impl Seek for Breaking {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn storage_that_breaks_off_is_told_from_bytes_that_do_not_read() {
        let png = one_colour(900);
        let about = |error| {
            let ImageError::IoError(error) = error else {
                panic!("{error}");
            };
            speaks_of_bytes(&error)
        };
        for broken in [0, 64] {
            let reader = BufReader::new(Breaking(Cursor::new(png.clone()), broken));
            assert!(!about(why(reader)), "{broken}");
        }
        assert!(about(why(Cursor::new(png[..80].to_vec()))));
    }
}
