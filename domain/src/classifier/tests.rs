use chrono::DateTime;
use uuid::Uuid;

use super::{Classifier, ClassifierCommand, ClassifierEvent, ClassifierRefusal, Example, learn, stems};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
    ids::{ContactId, TicketId},
};

fn noon() -> Context {
    Context {
        at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        actor: Actor::new(ActorKind::Agent, "1"),
        id: Uuid::from_u128(7),
    }
}

fn example(number: u128, category: &str, text: &str) -> Example {
    Example {
        ticket: TicketId(Uuid::from_u128(number)),
        customer: Some(ContactId(Uuid::from_u128(number % 4))),
        category: category.to_owned(),
        stems: stems([text]),
    }
}

fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for number in 0..20 {
        examples.push(example(
            number,
            "payment",
            "Верните деньги, списали дважды, Сидорчук 79261234567",
        ));
        examples.push(example(100 + number, "access", "Не могу войти, забыл пароль"));
    }
    // Of one customer alone, and of few tickets.
    for number in 0..6 {
        let mut own = example(200 + number * 4, "access", "пароль Ферапонтов");
        own.customer = Some(ContactId(Uuid::from_u128(9)));
        examples.push(own);
    }
    for number in 0..4 {
        examples.push(example(300 + number, "payment", "деньги Елпидифор"));
    }
    examples
}

#[test]
fn texts_are_told_apart_and_figures_say_how_well() {
    let lesson = learn(&examples(), 5).unwrap();
    let guess = lesson.model.classify(&stems(["Пароли не подходят"])).unwrap();
    assert_eq!(guess.category, "access");
    assert!((700..=1000).contains(&guess.score), "{guess:?}");
    assert_eq!(lesson.model.classify(&stems(["Погода"])), None);
    assert_eq!(lesson.accuracy(), Some(1000));
    let figures: Vec<_> = lesson
        .categories
        .iter()
        .map(|it| (it.category.as_str(), it.examples))
        .collect();
    assert_eq!(figures, [("access", 26), ("payment", 24)]);
    assert!(
        lesson
            .categories
            .iter()
            .all(|it| it.tried > 0 && it.precision() == Some(1000))
    );
    assert_eq!(lesson.categories[0].recall(), Some(1000));
}

#[test]
fn order_of_examples_makes_no_difference() {
    let mut other = examples();
    other.reverse();
    assert_eq!(learn(&examples(), 5), learn(&other, 5));
}

#[test]
fn words_of_few_tickets_or_few_customers_and_numbers_are_not_learnt() {
    let lesson = learn(&examples(), 5).unwrap();
    let known: Vec<&str> = lesson.model.stems().iter().map(|it| it.0.as_str()).collect();
    let has = |word: &str| stems([word]).iter().all(|it| known.contains(&it.as_str()));
    assert!(has("пароль") && has("деньги"));
    assert!(!has("Ферапонтов") && !has("Елпидифор"));
    assert!(known.iter().all(|it| it.chars().all(char::is_alphabetic)), "{known:?}");
}

#[test]
fn too_little_is_not_learnt_from() {
    let one: Vec<_> = examples().into_iter().filter(|it| it.category == "access").collect();
    assert_eq!(learn(&one, 5), None);
    let few: Vec<_> = examples()
        .into_iter()
        .filter(|it| it.ticket.0.as_u128() < 109)
        .collect();
    assert_eq!(learn(&few, 5), None);
    assert_eq!(learn(&[], 5), None);
}

#[test]
fn versions_are_counted_and_only_what_was_learnt_is_used() {
    let lesson = Box::new(learn(&examples(), 5).unwrap());
    let train = ClassifierCommand::Train(Some(lesson.clone()));
    let trained = given::<Classifier>(&[]).when(&train, &noon()).unwrap();
    assert!(
        matches!(trained.as_slice(), [ClassifierEvent::Trained { version: 1, .. }]),
        "{trained:?}"
    );
    assert_eq!(
        given::<Classifier>(&trained).when(&train, &noon()),
        Ok(vec![]),
        "nothing new is learnt"
    );
    let refused = |command| given::<Classifier>(&trained).when(&command, &noon());
    assert_eq!(
        refused(ClassifierCommand::Train(None)),
        Err(ClassifierRefusal::TooFewExamples)
    );
    let activate = |version| ClassifierCommand::Activate {
        version,
        threshold: 800,
    };
    assert_eq!(refused(activate(2)), Err(ClassifierRefusal::VersionUnknown));
    assert_eq!(refused(ClassifierCommand::Deactivate), Ok(vec![]));
    let activated = ClassifierEvent::Activated {
        version: 1,
        threshold: 800,
    };
    assert_eq!(refused(activate(1)), Ok(vec![activated.clone()]));
    let active: Vec<_> = trained.into_iter().chain([activated]).collect();
    assert_eq!(given::<Classifier>(&active).when(&activate(1), &noon()), Ok(vec![]));
    assert_eq!(
        given::<Classifier>(&active).when(&ClassifierCommand::Deactivate, &noon()),
        Ok(vec![ClassifierEvent::Deactivated { version: 1 }])
    );
}

/// Examples as large as they may be: long words, and categories with long names.
fn many(count: u32, categories: u32) -> Vec<Example> {
    // Numbers that look random and are the same everywhere.
    let mix = |it: u32| {
        it.wrapping_mul(2_654_435_761)
            .rotate_left(15)
            .wrapping_mul(2_246_822_519)
    };
    let word = |number: u32| {
        let letters = (0..8).map(|it| char::from_u32(0x430 + (number >> (it * 4)) % 16).unwrap_or('а'));
        format!("{}{}", letters.collect::<String>(), "ж".repeat(32))
    };
    let example = |number: u32| {
        let category = number % categories;
        let words = (0..60).map(|it| {
            // Some of any category, some of this one alone.
            let seed = mix(number * 61 + it);
            if it < 30 {
                seed % 20_000
            } else {
                20_000 + category * 40 + seed % 40
            }
        });
        Example {
            ticket: TicketId(Uuid::from_u128(number.into())),
            customer: Some(ContactId(Uuid::from_u128((number % 997).into()))),
            category: format!("{} {category}", "категория".repeat(10)),
            stems: words.map(word).collect(),
        }
    };
    (0..count).map(example).collect()
}

#[test]
fn event_stays_below_what_any_store_takes() {
    let lesson = Box::new(learn(&many(20_000, 1_000), u64::MAX).unwrap());
    assert_eq!(lesson.categories.len(), 500);
    let train = ClassifierCommand::Train(Some(lesson));
    let trained = given::<Classifier>(&[]).when(&train, &noon()).unwrap();
    let size = serde_json::to_vec(&trained).unwrap().len();
    assert!((500_000..1 << 20).contains(&size), "{size} bytes");
}
