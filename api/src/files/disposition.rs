//! The header `Content-Disposition` (RFC 6266): how a file is called, in any script, and whether a browser shows it.

/// What a browser may show by itself; all else it only saves.
const SHOWN: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"];

/// The header's value.
pub(crate) fn disposition(name: &str, content_type: &str) -> String {
    let how = if SHOWN.contains(&content_type) {
        "inline"
    } else {
        "attachment"
    };
    let plain: String = name
        .chars()
        .map(|it| {
            if it.is_ascii_graphic() && !"\"\\%".contains(it) || it == ' ' {
                it
            } else {
                '_'
            }
        })
        .collect();
    let mut whole = format!("{how}; filename=\"{plain}\"");
    if plain != name {
        whole.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            // RFC 8187, attr-char.
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                whole.push(char::from(byte));
            } else {
                whole.extend(format!("%{byte:02X}").chars());
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn names_in_any_script_are_safe() {
        assert_eq!(
            disposition("report 1.pdf", "application/pdf"),
            "inline; filename=\"report 1.pdf\""
        );
        assert_eq!(
            disposition("Счёт.txt", "text/plain"),
            "attachment; filename=\"____.txt\"; filename*=UTF-8''%D0%A1%D1%87%D1%91%D1%82.txt"
        );
        let sly = disposition("a\"; filename=\"b.exe", "image/svg+xml");
        assert!(
            sly.starts_with("attachment; filename=\"a_; filename=_b.exe\"; filename*="),
            "{sly}"
        );
    }
}
