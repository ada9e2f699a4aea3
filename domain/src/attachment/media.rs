//! Whether what a file is said to be agrees with what its bytes show, and whether an inbox takes it.

/// Types that an inbox takes when it says nothing of its own.
pub const USUAL_TYPES: &[&str] = &[
    "image/*",
    "audio/*",
    "video/*",
    "text/plain",
    "text/csv",
    "text/markdown",
    "message/rfc822",
    "application/pdf",
    "application/json",
    "application/rtf",
    "application/zip",
    "application/gzip",
    "application/msword",
    "application/vnd.ms-*",
    "application/vnd.openxmlformats-officedocument.*",
    "application/vnd.oasis.opendocument.*",
];

/// What is known of a file whose bytes follow no known form.
const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain";

/// The usual spelling of a type that has several.
pub fn canonical(media_type: &str) -> &str {
    match media_type {
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "image/x-png" => "image/png",
        "image/x-ms-bmp" => "image/bmp",
        "text/xml" => "application/xml",
        "text/rtf" => "application/rtf",
        "application/javascript" | "application/x-javascript" => "text/javascript",
        "application/x-pdf" => "application/pdf",
        "application/x-zip" | "application/x-zip-compressed" => "application/zip",
        "application/x-gzip" | "application/x-tgz" => "application/gzip",
        "application/x-rar-compressed" | "application/x-rar" => "application/vnd.rar",
        "audio/mp3" => "audio/mpeg",
        "audio/wav" | "audio/wave" | "audio/vnd.wave" => "audio/x-wav",
        "audio/x-m4a" | "audio/m4a" => "audio/mp4",
        "video/x-m4v" => "video/mp4",
        other => other,
    }
}

/// What a file is, by what was `said` of it and what its bytes show; `None` when the two do not agree.
///
/// Bytes tell a form, and some types share one: then what was said is taken, for nothing speaks against it.
pub fn settle(said: &str, found: &str) -> Option<String> {
    let (said, found) = (canonical(said), canonical(found));
    let agrees = said == found
        || shares_text(said, found)
        || same_container(said, found)
        || (found == "application/x-ole-storage" && is_old_office(said))
        || (found == "application/zip" && said.ends_with("+zip"));
    if agrees {
        return Some(said.to_owned());
    }
    (said == BYTES).then(|| found.to_owned())
}

/// Texts of many sorts look alike; a page or a script is none of them, for browsers carry it out.
fn shares_text(said: &str, found: &str) -> bool {
    let is_active = ["text/html", "text/javascript"].contains(&said);
    let is_xml = said.ends_with("+xml");
    match found {
        TEXT => !is_active && (said.starts_with("text/") || is_xml || is_text_by_another_name(said)),
        "application/xml" => is_xml && said != "application/xhtml+xml",
        _ => false,
    }
}

fn is_text_by_another_name(said: &str) -> bool {
    said.ends_with("+json")
        || [
            "application/json",
            "application/x-ndjson",
            "application/xml",
            "application/yaml",
            "application/x-yaml",
            "application/toml",
            "application/sql",
            "message/rfc822",
        ]
        .contains(&said)
}

/// Sound and moving pictures come in the same containers.
fn same_container(said: &str, found: &str) -> bool {
    const CONTAINERS: &[&[&str]] = &[
        &["audio/webm", "video/webm"],
        &["audio/ogg", "video/ogg", "application/ogg", "audio/opus"],
        &["audio/mp4", "video/mp4", "video/quicktime", "video/3gpp", "audio/3gpp"],
        &["video/x-matroska", "audio/x-matroska", "video/webm"],
    ];
    CONTAINERS.iter().any(|it| it.contains(&said) && it.contains(&found))
}

fn is_old_office(said: &str) -> bool {
    said == "application/msword" || said.starts_with("application/vnd.ms-")
}

/// Whether one of the patterns stands for a type: `image/png`, or the beginning of one and `*`.
pub fn admits(patterns: &[String], media_type: &str) -> bool {
    patterns.iter().any(|it| match it.strip_suffix('*') {
        Some("*/") => true,
        Some(beginning) => media_type.starts_with(beginning),
        None => canonical(it) == media_type,
    })
}
