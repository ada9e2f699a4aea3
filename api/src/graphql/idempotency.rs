//! The client's name of a wish: in the input of a mutation, or in the header `Idempotency-Key` for all mutations of a
//! request.

use async_graphql::Context;
use domain::values::IdempotencyKey;

use super::Call;
use crate::problem::Problem;

/// The key of a wish, from its input or from the header.
///
/// # Errors
/// When there is none, when the two differ, or when it is not acceptable.
pub(super) fn key(ctx: &Context<'_>, input: Option<&str>) -> Result<IdempotencyKey, Problem> {
    let call = ctx.data_opt::<Call>();
    chosen(input, call.and_then(|it| it.idempotency_key.as_deref()))
}

fn chosen(input: Option<&str>, header: Option<&[u8]>) -> Result<IdempotencyKey, Problem> {
    let header = header
        .map(|it| std::str::from_utf8(it).map_err(|_not_text| bad("?", "текст UTF-8", "text in UTF-8")))
        .transpose()?;
    match (input, header) {
        (Some(input), Some(header)) if input != header => Err(bad(
            input,
            "в поле и в заголовке Idempotency-Key один и тот же ключ, или только в одном месте",
            "the same key in the field and in the header Idempotency-Key, or only one of them",
        )),
        (Some(key), _) | (None, Some(key)) => Ok(IdempotencyKey::try_new(key)?),
        (None, None) => Err(bad(
            "",
            "ключ в поле idempotencyKey или в заголовке Idempotency-Key",
            "a key in the field idempotencyKey or in the header Idempotency-Key",
        )),
    }
}

fn bad(value: &str, russian: &str, english: &str) -> Problem {
    Problem::bad_input("idempotencyKey", value, russian, english).about("idempotencyKey")
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn key_comes_from_one_place_or_is_the_same_in_both() {
        let key = |input, header| chosen(input, header).map(|it| it.as_str().to_owned());
        assert_eq!(key(Some("a"), None).unwrap(), "a");
        assert_eq!(key(None, Some(b"b")).unwrap(), "b");
        assert_eq!(key(None, Some("ключ".as_bytes())).unwrap(), "ключ");
        assert_eq!(key(Some("a"), Some(b"a")).unwrap(), "a");
        for (input, header) in [
            (Some("a"), Some(b"b".as_slice())),
            (None, None),
            (Some(" "), None),
            (None, Some(b"\xff".as_slice())),
            (None, Some(b"".as_slice())),
        ] {
            let problem = key(input, header).unwrap_err();
            assert_eq!(problem.code, "BAD_USER_INPUT");
            assert_eq!(problem.field, ["input", "idempotencyKey"]);
        }
    }
}
