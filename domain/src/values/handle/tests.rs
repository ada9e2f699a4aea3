use proptest::prelude::*;

use super::{Handle, HandleChannel, HandleError};

fn value(channel: HandleChannel, text: &str) -> Result<String, HandleError> {
    Handle::try_new(channel, text).map(|it| it.value().to_owned())
}

fn assert_values(channel: HandleChannel, pairs: &[(&str, &str)]) {
    for (text, wanted) in pairs {
        assert_eq!(value(channel, text).as_deref(), Ok(*wanted), "{text}");
    }
}

#[test]
fn addresses_that_reach_the_same_box_are_one() {
    assert_values(
        HandleChannel::Email,
        &[
            (" Maria.Ivanova@Example.RU ", "maria.ivanova@example.ru"),
            ("maria+shop@почта.рф", "maria+shop@xn--80a1acny.xn--p1ai"),
            ("МАРИЯ@почта.рф", "мария@xn--80a1acny.xn--p1ai"),
            ("a@xn--80a1acny.xn--p1ai", "a@xn--80a1acny.xn--p1ai"),
            ("x@bücher.example", "x@xn--bcher-kva.example"),
            ("оса@почта.рф", "оса@xn--80a1acny.xn--p1ai"),
            ("юрии\u{306}@example.ru", "юрий@example.ru"),
            ("jose\u{301}@example.com", "josé@example.com"),
        ],
    );
}

#[test]
fn look_alikes_are_told_from_other_mistakes() {
    for text in [
        "maria@g\u{43e}ogle.com",
        "m\u{430}ria@example.ru",
        "a@\u{430}\u{440}\u{440}\u{4cf}\u{435}.com",
        "a@xn--80ak6aa92e.com",
        "\u{ff4d}\u{ff41}ria@example.ru",
        "\u{ff4d}\u{ff41}\u{ff52}\u{ff49}\u{ff41}@example.ru",
        "\u{1d426}\u{1d41a}\u{1d42b}\u{1d422}\u{1d41a}@example.ru",
        "\u{430}\u{441}\u{435}@example.ru",
        "\u{3c3}\u{3bf}@example.com",
    ] {
        let answer = value(HandleChannel::Email, text);
        assert!(matches!(answer, Err(HandleError::Homograph(_))), "{text}: {answer:?}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    let long = format!("{}@example.ru", "a".repeat(10_000));
    let wide = format!("{}@example.ru", "a".repeat(65));
    for text in [
        "",
        " ",
        "maria",
        "@example.ru",
        "maria@",
        "a@b",
        "a b@example.ru",
        "a@@example.ru",
        "a@exa mple.ru",
        "a..b@c.ru",
        ".a@b.ru",
        "a@b..ru",
        "a@-b.ru",
        "a\0@b.ru",
        "\"a\"@b.ru",
        "a@127.0.0.1",
        "a,b@c.ru",
        &long,
        &wide,
    ] {
        let answer = value(HandleChannel::Email, text);
        assert!(matches!(answer, Err(HandleError::Malformed(_))), "{text}: {answer:?}");
    }
}

#[test]
fn phone_has_a_country() {
    assert_values(
        HandleChannel::Phone,
        &[
            ("+7 (912) 345-67-89", "+79123456789"),
            ("+375 29 123-45-67", "+375291234567"),
            (" +44 20 7946 0958", "+442079460958"),
            ("+1-202-555-0143", "+12025550143"),
        ],
    );
    for text in ["8 (912) 345-67-89", "9123456789", "89123456789", "007 912 345 67 89"] {
        let answer = value(HandleChannel::Phone, text);
        assert!(
            matches!(answer, Err(HandleError::PhoneWithoutCountry(_))),
            "{text}: {answer:?}"
        );
    }
    for text in [
        "",
        "+",
        "+7",
        "+0 912 345 67 89",
        "+8 912 345 67 89",
        "+7 912 345 67 8",
        "+7 912 345 67 890",
        "+7 912 +345",
        "тел.",
        "+7912345678a",
        "+1234567890123456",
        "12",
        "+٧٩١٢٣٤٥٦٧٨٩",
    ] {
        let answer = value(HandleChannel::Phone, text);
        assert!(matches!(answer, Err(HandleError::Malformed(_))), "{text}: {answer:?}");
    }
}

#[test]
fn names_elsewhere_have_one_spelling() {
    assert_values(
        HandleChannel::Telegram,
        &[
            ("@Maria_Iv", "@maria_iv"),
            ("https://t.me/Maria_Iv", "@maria_iv"),
            ("123456789", "123456789"),
        ],
    );
    assert_values(
        HandleChannel::Vk,
        &[("vk.com/Id1", "id1"), ("1", "id1"), ("durov", "durov")],
    );
    assert_values(HandleChannel::Whatsapp, &[("+7 912 345 67 89", "+79123456789")]);
    assert_values(HandleChannel::External, &[("CRM : A-17", "crm:A-17")]);
    for (channel, text) in [
        (HandleChannel::Telegram, "ab"),
        (HandleChannel::Telegram, "мария"),
        (HandleChannel::Telegram, "1abcdef"),
        (HandleChannel::Vk, "a b"),
        (HandleChannel::External, "crm"),
        (HandleChannel::External, ":x"),
        (HandleChannel::External, "crm:"),
    ] {
        assert!(value(channel, text).is_err(), "{text}");
    }
}

#[test]
fn debug_shows_nobody() {
    let handle = Handle::try_new(HandleChannel::Email, "maria@example.ru").unwrap();
    assert!(!format!("{handle:?}").contains("maria"));
}

proptest! {
    /// What is accepted has one spelling, which is accepted again as itself; and nothing makes it panic.
    #[test]
    fn normalising_twice_is_normalising_once(text in "\\PC{0,40}", channel in 0..6_usize) {
        let channel = HandleChannel::ALL[channel];
        if let Ok(once) = value(channel, &text) {
            prop_assert_eq!(value(channel, &once), Ok(once));
        }
    }

    /// The same for what looks like an address.
    #[test]
    fn address_normalises_to_itself(local in "[a-zA-Zа-яА-Я.+]{1,10}", domain in "[a-zA-Zа-яА-Яß-]{1,10}", top in "(ru|рф|com)") {
        if let Ok(once) = value(HandleChannel::Email, &format!("{local}@{domain}.{top}")) {
            prop_assert_eq!(value(HandleChannel::Email, &once), Ok(once));
        }
    }
}
