//! How long the client waits.
//!
//! tonic drops a call whose answer has not begun when the time of its `grpc-timeout` header is over, so an append is
//! either given to the writer whole or not at all. The body of a read outlives that and needs an end of its own.

use std::time::Duration;

use tonic::metadata::MetadataMap;

/// Pending for ever when the client did not say.
pub(crate) fn passed(metadata: &MetadataMap) -> impl Future<Output = ()> + Send + use<> {
    let timeout = metadata
        .get("grpc-timeout")
        .and_then(|value| value.to_str().ok())
        .and_then(parse);
    async move {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    }
}

/// At most eight digits and a unit, as gRPC has it.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    #[test]
    fn units_of_the_header_are_known() {
        assert_eq!(parse("2H"), Some(Duration::from_hours(2)));
        assert_eq!(parse("99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(parse("10m"), Some(Duration::from_millis(10)));
        for malformed in ["", "S", "1", "1x", "-1S", "123456789S", "1я"] {
            assert_eq!(parse(malformed), None, "{malformed}");
        }
    }
}
