use uuid::Uuid;

use super::{Link, Standing, User, UserCommand, UserEvent, UserRefusal};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider, kit::given},
    personal::{DataSubject, Personal},
};

const ID: Uuid = Uuid::from_u128(5);

fn context() -> Context {
    Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::System, "1"),
        id: ID,
    }
}

fn decide(history: &[UserEvent], command: &UserCommand) -> Result<Vec<UserEvent>, UserRefusal> {
    given::<User>(history).when(command, &context())
}

fn personal(text: &str) -> Personal<String> {
    Personal::new(DataSubject(ID), text.to_owned())
}

fn link(token: &str, expires: &str) -> Link {
    Link {
        token_hash: token.to_owned(),
        expires_at: expires.parse().unwrap(),
    }
}

fn invited(expires: &str) -> UserEvent {
    UserEvent::Invited {
        email: personal("anna@example.com"),
        name: personal("Анна"),
        locale: "ru".to_owned(),
        link: link("t", expires),
    }
}

fn follow(token: &str, password: Option<&str>) -> UserCommand {
    UserCommand::FollowLink {
        token_hash: token.to_owned(),
        password: password.map(str::to_owned),
        name: None,
    }
}

fn active() -> Vec<UserEvent> {
    vec![
        invited("2026-11-22T12:00:00Z"),
        UserEvent::PasswordSet { hash: personal("h") },
        UserEvent::Activated {},
    ]
}

#[test]
fn invitation_is_taken_up_once_and_in_time() {
    let came = decide(&[invited("2026-11-22T12:00:00Z")], &follow("t", Some("h")));
    let expected = vec![UserEvent::PasswordSet { hash: personal("h") }, UserEvent::Activated {}];
    assert_eq!(came, Ok(expected));
    for (history, token) in [
        (vec![invited("2026-11-22T12:00:00Z")], "other"),
        (vec![invited("2026-11-21T12:00:00Z")], "t"),
        (active(), "t"),
    ] {
        assert_eq!(
            decide(&history, &follow(token, Some("h"))),
            Err(UserRefusal::LinkInvalid)
        );
    }
    let bare = decide(&[invited("2026-11-22T12:00:00Z")], &follow("t", None));
    assert_eq!(bare, Err(UserRefusal::PasswordNeeded));
}

#[test]
fn newer_link_replaces_the_older() {
    let mut history = active();
    for token in ["a", "b"] {
        history.push(UserEvent::RecoveryRequested {
            link: link(token, "2026-11-21T13:00:00Z"),
        });
    }
    assert_eq!(decide(&history, &follow("a", Some("n"))), Err(UserRefusal::LinkInvalid));
    let events = decide(&history, &follow("b", Some("n"))).unwrap();
    assert_eq!(events, vec![UserEvent::PasswordSet { hash: personal("n") }]);
    history.extend(events);
    assert_eq!(decide(&history, &follow("b", Some("n"))), Err(UserRefusal::LinkInvalid));
}

#[test]
fn suspended_user_can_do_nothing_until_reinstated() {
    let mut history = active();
    history.extend(decide(&history, &UserCommand::Suspend { reason: None }).unwrap());
    let recovery = UserCommand::RequestRecovery {
        link: link("r", "2026-11-21T13:00:00Z"),
    };
    assert_eq!(decide(&history, &recovery), Err(UserRefusal::Suspended));
    assert_eq!(decide(&history, &UserCommand::Suspend { reason: None }), Ok(vec![]));
    assert_eq!(
        decide(&history, &UserCommand::Reinstate),
        Ok(vec![UserEvent::Reinstated {}])
    );
}

#[test]
fn account_elsewhere_proves_the_address_and_stays_the_only_one_there() {
    let link = |subject: &str| UserCommand::LinkAccount {
        issuer: "https://id.example.org".to_owned(),
        subject: subject.to_owned(),
    };
    let mut history = vec![invited("2026-11-22T12:00:00Z")];
    let events = decide(&history, &link("1")).unwrap();
    let linked = UserEvent::AccountLinked {
        issuer: "https://id.example.org".to_owned(),
        subject: personal("1"),
    };
    assert_eq!(events, vec![linked, UserEvent::Activated {}]);
    history.extend(events);
    assert_eq!(decide(&history, &link("1")), Ok(vec![]));
    assert_eq!(decide(&history, &link("2")), Err(UserRefusal::OtherAccount));
    history.push(UserEvent::Suspended { reason: None });
    assert_eq!(decide(&history, &link("1")), Err(UserRefusal::Suspended));
}

#[test]
fn recovery_code_is_used_once() {
    let mut history = active();
    let enable = UserCommand::EnableTwoFactor {
        secret: "s".to_owned(),
        recovery: vec!["c".to_owned()],
    };
    let using = UserCommand::UseRecoveryCode {
        code_hash: "c".to_owned(),
    };
    assert_eq!(decide(&history, &using), Err(UserRefusal::TwoFactorOff));
    history.extend(decide(&history, &enable).unwrap());
    assert_eq!(decide(&history, &enable), Err(UserRefusal::TwoFactorOn));
    history.extend(decide(&history, &using).unwrap());
    assert_eq!(decide(&history, &using), Err(UserRefusal::CodeInvalid));
}

#[test]
fn whoever_comes_by_themselves_proves_the_address_first() {
    let register = |link: Option<Link>| UserCommand::Register {
        email: "anna@example.com".to_owned(),
        name: "Анна".to_owned(),
        locale: "ru".to_owned(),
        password: link.is_none().then(|| "h".to_owned()),
        link,
    };
    let alone = decide(&[], &register(Some(link("t", "2026-11-22T12:00:00Z")))).unwrap();
    assert_eq!(User::fold(&alone).unwrap().standing, Standing::Invited);
    assert!(User::fold(&alone).unwrap().registered);
    assert_eq!(decide(&alone, &follow("t", None)), Err(UserRefusal::PasswordNeeded));
    let came = User::fold(alone.iter().chain(&decide(&alone, &follow("t", Some("h"))).unwrap())).unwrap();
    assert_eq!((came.standing, came.password.as_deref()), (Standing::Active, Some("h")));
    let vouched = User::fold(&decide(&[], &register(None)).unwrap()).unwrap();
    assert_eq!(vouched.standing, Standing::Active);
}
