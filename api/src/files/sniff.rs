//! What a file is, by its first bytes.

/// As many are looked at.
pub(super) const HEAD: usize = 8 * 1024;

const BYTES: &str = "application/octet-stream";

/// What the first bytes show, when the file is said to be `said`.
///
/// Of a type that no bytes are known for, nothing can be shown: then it is what is said.
pub(super) fn found(head: &[u8], said: &str) -> String {
    if let Some(known) = infer::get(head) {
        return known.mime_type().to_owned();
    }
    if looks_like_text(head) {
        return "text/plain".to_owned();
    }
    let is_text = said.starts_with("text/") || ["application/json", "application/xml"].contains(&said);
    if is_text || infer::is_mime_supported(said) || said.starts_with("image/") {
        return BYTES.to_owned();
    }
    said.to_owned()
}

/// Whether there is nothing in it that texts do not have; the last character may be cut off.
fn looks_like_text(head: &[u8]) -> bool {
    let utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    let control = |it: &u8| *it < 0x20 && !b"\t\n\r\x0c\x1b\x08".contains(it);
    // Russian texts of older programs are in one byte a letter: what counts is that no control characters are there.
    utf16 || !head.iter().any(control)
}

#[cfg(test)]
mod tests {
    use super::found;

    #[test]
    fn first_bytes_tell_or_nothing_does() {
        assert_eq!(found(b"\x89PNG\r\n\x1a\n....", "image/png"), "image/png");
        assert_eq!(found(b"<html><script>", "image/png"), "text/html");
        assert_eq!(found("Журнал\n1;2".as_bytes(), "text/csv"), "text/plain");
        assert_eq!(found(b"\xc6\xf3\xf0\xed\xe0\xeb", "text/plain"), "text/plain");
        assert_eq!(found(b"\0\x01\x02", "text/plain"), "application/octet-stream");
        assert_eq!(found(b"\0\x01\x02", "image/jpeg"), "application/octet-stream");
        assert_eq!(
            found(b"\0\x01\x02", "application/vnd.ms-outlook"),
            "application/vnd.ms-outlook"
        );
    }
}
