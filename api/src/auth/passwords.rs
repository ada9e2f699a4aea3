//! Passwords: argon2id (RFC 9106), as PHC strings with parameters and salt in them.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Hashes worked out at once: each takes 19 MiB (the default parameters), and whoever knocks can ask for one.
static HASHING: Semaphore = Semaphore::const_new(4);

/// A password that cannot be taken, or a machine that cannot hash it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordProblem {
    /// Shorter than 10 characters, or longer than 200.
    Length,
    /// Nothing but one character, or the address itself.
    TooSimple,
}

/// The password, if it can be taken: NIST SP 800-63B asks for length, not for signs.
///
/// # Errors
/// [`PasswordProblem`].
pub(crate) fn checked<'a>(password: &'a str, email: Option<&str>) -> Result<&'a str, PasswordProblem> {
    let count = password.chars().count();
    if !(10..=200).contains(&count) {
        return Err(PasswordProblem::Length);
    }
    let first = password.chars().next();
    let same = password.chars().all(|it| Some(it) == first);
    if same || email.is_some_and(|it| it.eq_ignore_ascii_case(password)) {
        return Err(PasswordProblem::TooSimple);
    }
    Ok(password)
}

/// The PHC string of a password.
pub(super) async fn hash(password: String) -> Option<String> {
    let _turn = HASHING.acquire().await.ok()?;
    let hashed = spawn_blocking(move || {
        let hash = Argon2::default().hash_password(password.as_bytes());
        hash.map(|it| it.to_string()).ok()
    });
    hashed.await.ok().flatten()
}

/// Whether the password is the one with this PHC string. Without a string the same work is done for nothing, so that
/// the time does not tell who has an account.
pub(super) async fn verify(password: String, phc: Option<String>) -> bool {
    let Ok(_turn) = HASHING.acquire().await else {
        return false;
    };
    let verified = spawn_blocking(move || {
        let Some(phc) = phc else {
            drop(Argon2::default().hash_password(password.as_bytes()));
            return false;
        };
        let parsed = PasswordHash::new(&phc);
        parsed.is_ok_and(|it| Argon2::default().verify_password(password.as_bytes(), &it).is_ok())
    });
    verified.await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::{PasswordProblem, checked, hash, verify};

    #[tokio::test]
    async fn only_the_password_itself_is_it() {
        let phc = hash("верный пароль".to_owned()).await.unwrap();
        assert!(phc.starts_with("$argon2id$"));
        assert!(verify("верный пароль".to_owned(), Some(phc.clone())).await);
        assert!(!verify("неверный пароль".to_owned(), Some(phc)).await);
        assert!(!verify("верный пароль".to_owned(), None).await);
        assert!(!verify("верный пароль".to_owned(), Some("not a hash".to_owned())).await);
    }

    #[test]
    fn short_long_and_simple_ones_are_refused() {
        let check = |it: &str| checked(it, Some("anna@example.com")).map(|_| ());
        assert_eq!(check("123456789"), Err(PasswordProblem::Length));
        assert_eq!(check(&"ab".repeat(101)), Err(PasswordProblem::Length));
        assert_eq!(check("aaaaaaaaaaaa"), Err(PasswordProblem::TooSimple));
        assert_eq!(check("Anna@example.com"), Err(PasswordProblem::TooSimple));
        assert_eq!(check("десять знаков"), Ok(()));
    }
}
