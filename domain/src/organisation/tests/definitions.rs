//! What definitions must look like.

use proptest::prelude::*;
use uuid::Uuid;

use crate::organisation::{
    Branch, Category, Checked, Definition, Flaw, Inbox, Label, RegionMap, RegionRule, Rule, Skill, SkillKind, Tag,
    inbox::Channel, normal_key,
};

fn branch() -> Branch {
    Branch {
        name: "Центр".to_owned(),
        regions: vec![],
        time_zone: "Asia/Yekaterinburg".to_owned(),
        is_default: false,
    }
}

fn inbox(domains: &[&str], flags: &[&str]) -> Inbox {
    let owned = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
    Inbox {
        name: "Сайт".to_owned(),
        channel: Channel::WebWidget,
        branch_id: None,
        allowed_domains: owned(domains),
        feature_flags: owned(flags),
        file_max_bytes: None,
        file_types: Vec::new(),
        active: true,
        auto_reply: None,
        retention: None,
    }
}

/// Paths and rules of what is wrong.
fn flaws<D: Definition>(definition: D) -> Vec<(String, Rule)> {
    let flaws = Checked::try_new(definition).err().unwrap_or_default();
    flaws
        .into_iter()
        .map(|Flaw { path, rule, .. }| (path.join("."), rule))
        .collect()
}

fn usual<D: Definition>(definition: D) -> D {
    Checked::try_new(definition).unwrap().as_ref().clone()
}

#[test]
fn every_flaw_is_told_with_its_place() {
    let broken = Branch {
        name: " ".to_owned(),
        regions: vec!["RU-SVE".to_owned(), "Урал".to_owned(), "ru-sve".to_owned()],
        time_zone: "Asia/Ekaterinburg".to_owned(),
        is_default: true,
    };
    let expected = [
        ("name", Rule::Line(100)),
        ("regions.1", Rule::Region),
        ("regions.2", Rule::Once),
        ("timeZone", Rule::TimeZone),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(path, rule)| (path.to_owned(), rule))
        .collect();
    assert_eq!(flaws(broken), expected);
}

#[test]
fn regions_are_those_of_iso_3166() {
    let with = |code: &str| Branch {
        regions: vec![code.to_owned()],
        ..branch()
    };
    for code in ["RU", "RU-SVE", "US-CA", "GB-ENG", "FR-75"] {
        assert_eq!(usual(with(code)).regions, [code]);
    }
    for wrong in ["", "R", "RUS", "RU-", "RU-SVER", "RU-С", "7-RU", "RU_SVE"] {
        assert_eq!(flaws(with(wrong)), [("regions.0".to_owned(), Rule::Region)], "{wrong}");
    }
}

#[test]
fn domains_are_host_names_in_any_script_with_wildcards_for_all_under_one() {
    let usual = usual(inbox(
        &["Help.Example.com", "*.пример.рф", "localhost", "bücher.example"],
        &[],
    ));
    let ascii = [
        "help.example.com",
        "*.xn--e1afmkfd.xn--p1ai",
        "localhost",
        "xn--bcher-kva.example",
    ];
    assert_eq!(usual.allowed_domains, ascii);
    for wrong in [
        "",
        "*",
        "*.",
        "*.com",
        "com",
        "https://example.com",
        "example.com/a",
        "example.com:443",
        "a..b",
        "-a.example",
        "127.0.0.1",
        "[::1]",
        "a b.example",
        "*.*.example.com",
        "x_y.example",
        "example.com.",
    ] {
        assert_eq!(
            flaws(inbox(&[wrong], &[])),
            [("allowedDomains.0".to_owned(), Rule::Domain)],
            "{wrong}"
        );
    }
    let twice = inbox(&["пример.рф", "xn--e1afmkfd.xn--p1ai"], &[]);
    assert_eq!(flaws(twice), [("allowedDomains.1".to_owned(), Rule::Once)]);
}

#[test]
fn feature_flags_are_words_in_order() {
    assert_eq!(
        usual(inbox(&[], &["typing", "attachments"])).feature_flags,
        ["attachments", "typing"]
    );
    for wrong in ["", "Typing", "a-b", "1a", "флаг"] {
        assert_eq!(
            flaws(inbox(&[], &[wrong])),
            [("featureFlags.0".to_owned(), Rule::Word)],
            "{wrong}"
        );
    }
    let many: Vec<String> = (0..51).map(|it| format!("f{it}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        flaws(inbox(&[], &many)),
        [("featureFlags".to_owned(), Rule::AtMost(50))]
    );
}

#[test]
fn language_is_needed_for_a_language_and_only_there() {
    let skill = |kind, language: Option<&str>| Skill {
        kind,
        name: "Татарский".to_owned(),
        language: language.map(str::to_owned),
    };
    assert_eq!(
        usual(skill(SkillKind::Language, Some("TT-ru"))).language.as_deref(),
        Some("tt-RU")
    );
    for (wrong, rule) in [
        (skill(SkillKind::Language, None), Rule::Needed),
        (skill(SkillKind::Language, Some("")), Rule::Language),
        (skill(SkillKind::Language, Some("russian language")), Rule::Language),
        (skill(SkillKind::Language, Some("und")), Rule::Language),
        (skill(SkillKind::Topic, Some("ru")), Rule::NotHere),
    ] {
        assert_eq!(flaws(wrong), [("language".to_owned(), rule)]);
    }
}

#[test]
fn colour_is_six_hex_digits() {
    let tag = |colour: &str| Tag {
        name: "vip".to_owned(),
        colour: Some(colour.to_owned()),
    };
    assert_eq!(usual(tag(" #FF00aa ")).colour.as_deref(), Some("#ff00aa"));
    assert_eq!(usual(tag(" ")).colour, None);
    for wrong in ["red", "#fff", "ff00aa", "#ff00ag", "#ff00aа"] {
        assert_eq!(flaws(tag(wrong)), [("colour".to_owned(), Rule::Colour)], "{wrong}");
    }
}

#[test]
fn category_needs_a_name_in_some_language() {
    let category = |ru: Option<&str>, key: &str| Category {
        key: key.to_owned(),
        name: Label {
            ru: ru.map(str::to_owned),
            en: None,
        },
        description: Some("  ".to_owned()),
        icon: None,
        parent_key: Some(String::new()),
        assign_to: None,
    };
    let usual = usual(category(Some(" Почта "), " mail "));
    assert_eq!((usual.key.as_str(), usual.name.text(false)), ("mail", "Почта"));
    assert_eq!((usual.description, usual.parent_key), (None, None));
    assert_eq!(
        flaws(category(Some(" "), "mail")),
        [("name".to_owned(), Rule::SomeLanguage)]
    );
    assert_eq!(
        flaws(category(Some("Почта"), "a\nb")),
        [("key".to_owned(), Rule::Line(100))]
    );
    let long = "x".repeat(101);
    assert_eq!(
        flaws(category(Some(&long), "mail")),
        [("name.ru".to_owned(), Rule::Line(100))]
    );
}

#[test]
fn region_map_answers_for_the_nearest() {
    let (ural, russia, other) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    let rule = |region: &str, branch_id| RegionRule {
        region: region.to_owned(),
        branch_id,
    };
    let map = RegionMap {
        regions: vec![rule("RU-SVE", ural), rule("RU", russia)],
        default_branch_id: Some(other),
    };
    assert_eq!(map.branch_of(Some("RU-SVE")), Some(ural));
    assert_eq!(map.branch_of(Some("RU-MOW")), Some(russia));
    assert_eq!(map.branch_of(Some("DE-BE")), Some(other));
    assert_eq!(map.branch_of(None), Some(other));
    let twice = RegionMap {
        regions: vec![rule("ru", ural), rule("RU", russia)],
        default_branch_id: None,
    };
    assert_eq!(flaws(twice), [("regions.1".to_owned(), Rule::Once)]);
}

#[test]
fn keys_that_look_alike_are_alike() {
    assert_eq!(normal_key("  Почта\u{a0}/ ЯЩИК "), "почта / ящик");
    assert_eq!(normal_key("ﬁle"), "file");
    assert_eq!(normal_key("e\u{301}"), normal_key("É"));
}

proptest! {
    #[test]
    fn what_is_acceptable_stays_as_it_is_when_checked_again(name in "\\PC{0,40}", zone in "\\PC{0,12}") {
        let wild = Branch { name, time_zone: zone, ..branch() };
        for candidate in [wild.clone(), Branch { time_zone: "UTC".to_owned(), ..wild }] {
            if let Ok(once) = Checked::try_new(candidate) {
                prop_assert_eq!(Checked::try_new(once.as_ref().clone()), Ok(once));
            }
        }
    }

    #[test]
    fn normal_key_is_its_own_normal_key(key in "\\PC{0,40}") {
        let once = normal_key(&key);
        prop_assert_eq!(normal_key(&once), once);
    }

    #[test]
    fn domain_in_its_usual_form_stays_so(domain in "[a-zа-я*.-]{1,20}") {
        if let Ok(once) = Checked::try_new(inbox(&[&domain], &[])) {
            prop_assert_eq!(Checked::try_new(once.as_ref().clone()), Ok(once));
        }
    }
}
