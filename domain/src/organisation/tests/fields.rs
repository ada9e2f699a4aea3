//! Custom fields and their values.

use crate::{
    decider::kit::given,
    organisation::{
        AppliesTo, Checked, CustomField, Definition, FieldOption, FieldType, FieldValue, Finite, Identity, Item,
        ItemCommand, ItemEvent, ItemRefusal, Label, Rule, ValueFault,
    },
};

fn label(text: &str) -> Label {
    Label {
        ru: Some(text.to_owned()),
        en: None,
    }
}

fn field(field_type: FieldType) -> CustomField {
    CustomField {
        key: "serial".to_owned(),
        label: label("Серийный номер"),
        description: None,
        applies_to: AppliesTo::Ticket,
        field_type,
        required: false,
    }
}

fn number(value: f64) -> Finite {
    Finite::try_new(value).unwrap()
}

fn options(keys: &[&str]) -> Vec<FieldOption> {
    let option = |key: &&str| FieldOption {
        key: (*key).to_owned(),
        label: label(key),
    };
    keys.iter().map(option).collect()
}

fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.to_owned())
}

fn chosen(keys: &[&str]) -> FieldValue {
    FieldValue::MultiSelect(keys.iter().map(|it| (*it).to_owned()).collect())
}

fn url(text: &str) -> FieldValue {
    FieldValue::Url(text.to_owned())
}

fn mail(text: &str) -> FieldValue {
    FieldValue::Email(text.to_owned())
}

/// A type, a value, and what becomes of it.
type Case = (FieldType, FieldValue, Result<FieldValue, ValueFault>);

fn plain_cases() -> Vec<Case> {
    let short = || FieldType::Text { max_length: Some(3) };
    let percent = || FieldType::Number {
        min: Some(number(0.0)),
        max: Some(number(100.0)),
    };
    let day = |text: &str| text.parse().unwrap();
    let this_year = || FieldType::Date {
        min: Some(day("2026-01-01")),
        max: Some(day("2026-12-31")),
    };
    let (most, more) = (FieldValue::Number(number(100.0)), FieldValue::Number(number(100.5)));
    let (last, next) = (FieldValue::Date(day("2026-12-31")), FieldValue::Date(day("2027-01-01")));
    let no = FieldValue::Boolean(false);
    vec![
        (short(), text(" абв "), Ok(text("абв"))),
        (short(), text("абвг"), Err(ValueFault::TooLong(3))),
        (short(), text("а\u{0}"), Err(ValueFault::Unprintable)),
        (short(), no.clone(), Err(ValueFault::WrongType)),
        (percent(), most.clone(), Ok(most)),
        (percent(), more, Err(ValueFault::OutOfRange)),
        (FieldType::Boolean {}, no.clone(), Ok(no)),
        (this_year(), last.clone(), Ok(last)),
        (this_year(), next, Err(ValueFault::OutOfRange)),
    ]
}

fn choice_cases() -> Vec<Case> {
    let one = || FieldType::Select {
        options: options(&["red", "blue"]),
    };
    let some = || FieldType::MultiSelect {
        options: options(&["red", "blue", "green"]),
        max_chosen: Some(2),
    };
    let of = |key: &str| FieldValue::Select(key.to_owned());
    let none = |key: &str| Err(ValueFault::NotAnOption(key.to_owned()));
    let all = chosen(&["red", "blue", "green"]);
    vec![
        (one(), of("red"), Ok(of("red"))),
        (one(), of("Red"), none("Red")),
        (some(), chosen(&["green", "red"]), Ok(chosen(&["red", "green"]))),
        (
            some(),
            chosen(&["red", "red"]),
            Err(ValueFault::Twice("red".to_owned())),
        ),
        (some(), all, Err(ValueFault::TooMany(2))),
        (some(), chosen(&["pink"]), none("pink")),
    ]
}

fn address_cases() -> Vec<Case> {
    let (web, post) = (FieldType::Url {}, FieldType::Email {});
    let ascii = url("https://xn--e1afmkfd.xn--p1ai/%D0%B0");
    let mailbox = mail("Ivan@xn--e1afmkfd.xn--p1ai");
    vec![
        (web.clone(), url("https://Пример.рф/а"), Ok(ascii)),
        (web.clone(), url("javascript:alert(1)"), Err(ValueFault::NotAUrl)),
        (web, url("example.com"), Err(ValueFault::NotAUrl)),
        (post.clone(), mail("Ivan@Пример.рф"), Ok(mailbox)),
        (post.clone(), mail("ivan@"), Err(ValueFault::NotAnEmail)),
        (post.clone(), mail("a b@example.com"), Err(ValueFault::NotAnEmail)),
        (post, mail("a@*.example.com"), Err(ValueFault::NotAnEmail)),
    ]
}

#[test]
fn value_fits_its_field_or_is_told_why_not() {
    for (field_type, value, expected) in [plain_cases(), choice_cases(), address_cases()].concat() {
        let told = format!("{value:?} in {field_type:?}");
        let field = field(field_type);
        let answer = field.validate(Some(value));
        assert_eq!(answer, expected.map(Some), "{told}");
        if let Ok(Some(value)) = answer {
            assert_eq!(field.validate(Some(value.clone())), Ok(Some(value)), "again: {told}");
        }
    }
}

#[test]
fn required_field_needs_a_value_that_is_not_blank() {
    let required = |field_type| CustomField {
        required: true,
        ..field(field_type)
    };
    let any_text = FieldType::Text { max_length: None };
    assert_eq!(required(any_text.clone()).validate(None), Err(ValueFault::Missing));
    assert_eq!(
        required(any_text.clone()).validate(Some(text("  "))),
        Err(ValueFault::Missing)
    );
    assert_eq!(field(any_text).validate(Some(text("  "))), Ok(None));
    let no = required(FieldType::Boolean {}).validate(Some(FieldValue::Boolean(false)));
    assert_eq!(no, Ok(Some(FieldValue::Boolean(false))));
}

#[test]
fn number_is_finite_and_zero_has_no_sign() {
    assert_eq!(Finite::try_new(f64::NAN), None);
    assert_eq!(Finite::try_new(f64::INFINITY), None);
    assert_eq!(number(-0.0), number(0.0));
}

#[test]
fn type_that_cannot_be_met_is_refused() {
    let flaws = |field_type| {
        let flaws = Checked::try_new(field(field_type)).unwrap_err();
        flaws
            .into_iter()
            .map(|it| (it.path.join("."), it.rule))
            .collect::<Vec<_>>()
    };
    let range = FieldType::Number {
        min: Some(number(2.0)),
        max: Some(number(1.0)),
    };
    assert_eq!(flaws(range), [("max".to_owned(), Rule::NotBelowLeast)]);
    let empty = FieldType::Select { options: vec![] };
    assert_eq!(flaws(empty), [("options".to_owned(), Rule::AtLeastOne)]);
    let twice = FieldType::Select {
        options: options(&["a", "a"]),
    };
    assert_eq!(flaws(twice), [("options.1".to_owned(), Rule::Once)]);
    let nothing = FieldType::Text { max_length: Some(0) };
    assert_eq!(flaws(nothing), [("maxLength".to_owned(), Rule::UpTo(10_000))]);
}

#[test]
fn field_keeps_its_key_its_target_and_its_sort_of_value() {
    let context = super::noon();
    let history = [ItemEvent::Created {
        definition: field(FieldType::Text { max_length: None }),
    }];
    let answer = |definition: CustomField| {
        let definition = Checked::try_new(definition).unwrap();
        given::<Item<CustomField>>(&history).when(&ItemCommand::Revise { definition }, &context)
    };
    let shorter = field(FieldType::Text { max_length: Some(5) });
    assert!(answer(shorter.clone()).is_ok());
    assert_eq!(answer(field(FieldType::Url {})), Err(ItemRefusal::Fixed("type")));
    let elsewhere = CustomField {
        applies_to: AppliesTo::Contact,
        ..shorter.clone()
    };
    assert_ne!(elsewhere.identity(), shorter.identity());
    assert_eq!(answer(elsewhere), Err(ItemRefusal::Fixed("appliesTo")));
    let other = CustomField {
        key: "other".to_owned(),
        ..shorter
    };
    assert_eq!(other.identity(), Identity::Key("ticket:other".to_owned()));
    assert_eq!(answer(other), Err(ItemRefusal::Fixed("key")));
}
