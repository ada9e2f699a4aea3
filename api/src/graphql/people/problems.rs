//! What may be wrong with a wish about people, in words.

use async_graphql::{Context, Error};

use crate::{
    auth::NotLetIn,
    graphql::problem,
    problem::{Answer, Problem, internal},
};

/// A fault, for the server's log.
pub(super) fn fault(ctx: &Context<'_>, error: &dyn std::fmt::Display) -> Error {
    problem(ctx, internal(error))
}

pub(super) fn broken(ctx: &Context<'_>, error: NotLetIn) -> Error {
    match error {
        NotLetIn::Refused(error) => match Answer::from(error) {
            Answer::Failed(fault) | Answer::Refused(fault) => problem(ctx, fault),
        },
        NotLetIn::Fault(reason) => fault(ctx, &reason),
        NotLetIn::Wrong
        | NotLetIn::CodeNeeded
        | NotLetIn::WrongCode
        | NotLetIn::Over
        | NotLetIn::Spent
        | NotLetIn::SetUpOver => problem(ctx, over()),
    }
}

pub(super) fn wrong() -> Problem {
    Problem::new(
        "CREDENTIALS_WRONG",
        "адрес или пароль не подходит",
        "the address or the password is not right",
    )
}

pub(super) fn wrong_password(field: &str) -> Problem {
    Problem::new("CREDENTIALS_WRONG", "пароль не подходит", "the password is not right").about(field)
}

pub(super) fn code_needed() -> Problem {
    Problem::new(
        "CODE_NEEDED",
        "нужен код второго фактора",
        "a code of the second factor is needed",
    )
    .about("code")
}

pub(super) fn wrong_code() -> Problem {
    Problem::new(
        "CODE_WRONG",
        "код не подходит или уже использован: дождитесь следующего",
        "the code is not right, or was used before: wait for the next one",
    )
    .about("code")
}

pub(super) fn over() -> Problem {
    Problem::new(
        "SESSION_OVER",
        "сеанс окончен: войдите снова",
        "the session is over: sign in again",
    )
}

pub(super) fn spent() -> Problem {
    Problem::new(
        "SIGN_IN_CODE_INVALID",
        "код входа уже использован, истёк или получен другой страницей: начните вход снова",
        "the code of the sign-in was used, ran out, or belongs to another page: begin again",
    )
    .about("code")
}

pub(super) fn set_up_over() -> Problem {
    Problem::new(
        "SET_UP_OVER",
        "первый администратор уже есть, или ключ не тот, что вывел сервер",
        "the first administrator is there already, or the token is not the one the server printed",
    )
}

pub(super) fn no_session() -> Problem {
    Problem::new(
        "NO_SESSION",
        "это может только вошедший сотрудник: войдите по паролю",
        "only a person who has signed in can do this: sign in with a password",
    )
}

pub(super) fn email_taken() -> Problem {
    Problem::new(
        "EMAIL_TAKEN",
        "сотрудник с этим адресом уже есть",
        "somebody with this address is there already",
    )
    .about("email")
}

pub(super) fn registration_closed() -> Problem {
    Problem::new(
        "REGISTRATION_CLOSED",
        "с адресами этого домена самим зарегистрироваться нельзя: попросите приглашение у администратора",
        "people with addresses of this domain cannot register by themselves: ask an administrator to invite you",
    )
    .about("email")
}

pub(super) fn no_such_user() -> Problem {
    Problem::new("NOT_FOUND", "такого сотрудника нет", "there is no such user").about("userId")
}

pub(super) fn revoke_first() -> Problem {
    Problem::new(
        "USER_ADMINISTERS",
        "это администратор: сначала отзовите роль admin",
        "this is an administrator: revoke the role admin first",
    )
    .about("userId")
}
