//! Why a visitor is not let in, in words.

use crate::{
    auth::{NotLetIn, Unvouched, VoucherFlaw},
    contact_problems,
    problem::Problem,
};

/// Why a visitor is not let in.
///
/// # Errors
/// When it is for no rule of visits.
pub(super) fn problem_of(unvouched: Unvouched) -> Result<Problem, NotLetIn> {
    Ok(match unvouched {
        Unvouched::InboxUnknown => {
            Problem::new("NOT_FOUND", "такой линии нет", "there is no such inbox").about("inboxId")
        }
        Unvouched::InboxRetired => {
            let (russian, english) = ("линия выведена из использования", "the inbox is retired");
            Problem::new("RETIRED", russian, english).about("inboxId")
        }
        Unvouched::Flaw(it) => flaw(it),
        Unvouched::Handle(error) => contact_problems::handle(error, &["input", "token"]),
        Unvouched::Blocked => Problem::new(
            "VISITOR_BLOCKED",
            "от этого посетителя обращения не принимаются",
            "nothing is taken from this visitor",
        ),
        Unvouched::NotLetIn(other) => return Err(other),
    })
}

fn flaw(it: VoucherFlaw) -> Problem {
    let (code, russian, english) = match it {
        VoucherFlaw::Malformed => (
            "VISITOR_TOKEN_MALFORMED",
            "токен не читается: нужен JWT, а в нём sub — строка от 1 до 200 символов",
            "the token does not read: give a JWT whose sub is a text of 1 to 200 characters",
        ),
        VoucherFlaw::Algorithm => (
            "VISITOR_TOKEN_ALGORITHM",
            "токен подписан не так: принимается только HS256",
            "the token is signed in another way: only HS256 is accepted",
        ),
        VoucherFlaw::Signature => (
            "VISITOR_TOKEN_SIGNATURE",
            "подпись не подходит: подпишите секретом этой линии, который действует сейчас",
            "the signature does not fit: sign with the secret of this inbox that counts now",
        ),
        VoucherFlaw::OtherInbox => (
            "VISITOR_TOKEN_OTHER_INBOX",
            "токен выдан для другой линии: укажите в aud id этой",
            "the token is for another inbox: give the id of this one as aud",
        ),
        VoucherFlaw::Expired => (
            "VISITOR_TOKEN_EXPIRED",
            "срок токена истёк: запросите новый у своего сервера",
            "the token has run out: ask your server for a new one",
        ),
        VoucherFlaw::Early => (
            "VISITOR_TOKEN_EARLY",
            "токен ещё не действует (nbf): проверьте часы своего сервера",
            "the token does not count yet (nbf): look at the clock of your server",
        ),
        VoucherFlaw::TooLong => (
            "VISITOR_TOKEN_TOO_LONG",
            "токен действует слишком долго: укажите exp не дальше чем через 24 часа",
            "the token would count for too long: give an exp at most 24 hours ahead",
        ),
    };
    Problem::new(code, russian, english).about("token")
}
