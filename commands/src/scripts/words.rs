//! The few words that texts to customers are made of, in Russian and English.

use chrono::{DateTime, Utc};
use domain::{ticket::StatusCategory, values::Priority};

/// A priority, in Russian or English.
pub fn priority(priority: Priority, russian: bool) -> &'static str {
    let (ru, en) = match priority {
        Priority::Low => ("низкий", "low"),
        Priority::Medium => ("средний", "medium"),
        Priority::High => ("высокий", "high"),
        Priority::Urgent => ("срочный", "urgent"),
    };
    if russian { ru } else { en }
}

/// A status, as customers are told of it.
pub fn status(status: StatusCategory, russian: bool) -> &'static str {
    let (ru, en) = match status {
        StatusCategory::New => ("новая", "new"),
        StatusCategory::Open => ("в работе", "open"),
        StatusCategory::Pending => ("ждёт вашего ответа", "waiting for you"),
        StatusCategory::OnHold => ("отложена", "on hold"),
        StatusCategory::Resolved => ("решена", "resolved"),
        StatusCategory::Closed => ("закрыта", "closed"),
    };
    if russian { ru } else { en }
}

/// An instant, in UTC.
pub fn instant(at: DateTime<Utc>, russian: bool) -> String {
    let form = if russian {
        "%d.%m.%Y %H:%M UTC"
    } else {
        "%Y-%m-%d %H:%M UTC"
    };
    at.format(form).to_string()
}

/// `в течение 8–12 часов`, `within 8 to 12 hours`; in whole hours where that says it all.
pub fn within(from_s: u64, within_s: u64, russian: bool) -> String {
    let hours = from_s.is_multiple_of(3600) && within_s.is_multiple_of(3600);
    let size = if hours { 3600 } else { 60 };
    let (from, most) = (from_s / size, within_s.div_ceil(size));
    let ranged = from > 0 && from < most;
    if russian {
        let one = most % 10 == 1 && most % 100 != 11;
        let unit = match (hours, one) {
            (true, true) => "часа",
            (true, false) => "часов",
            (false, true) => "минуты",
            (false, false) => "минут",
        };
        let number = if ranged {
            format!("{from}–{most}")
        } else {
            most.to_string()
        };
        return format!("в течение {number} {unit}");
    }
    let unit = match (hours, most == 1) {
        (true, true) => "hour",
        (true, false) => "hours",
        (false, true) => "minute",
        (false, false) => "minutes",
    };
    let number = if ranged {
        format!("{from} to {most}")
    } else {
        most.to_string()
    };
    format!("within {number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn promised_time_reads_well() {
        assert_eq!(within(8 * 3600, 12 * 3600, true), "в течение 8–12 часов");
        assert_eq!(within(0, 3600, true), "в течение 1 часа");
        assert_eq!(within(0, 21 * 60, true), "в течение 21 минуты");
        assert_eq!(within(24 * 3600, 48 * 3600, false), "within 24 to 48 hours");
        assert_eq!(within(0, 3600, false), "within 1 hour");
        assert_eq!(within(0, 90 * 60, false), "within 90 minutes");
    }
}
