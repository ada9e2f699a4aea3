use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Vouched, VoucherFlaw, by_hmac, by_token};

const INBOX: Uuid = Uuid::from_u128(7);
const SECRET: &str = "ltv_secret";

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn in_seconds(seconds: i64) -> i64 {
    now().timestamp() + seconds
}

fn signed(algorithm: Algorithm, payload: &Value) -> String {
    encode(
        &Header::new(algorithm),
        payload,
        &EncodingKey::from_secret(SECRET.as_bytes()),
    )
    .unwrap()
}

fn payload(more: &Value) -> Value {
    let mut payload = json!({"sub": "42", "aud": INBOX, "exp": in_seconds(600)});
    for (name, value) in more.as_object().unwrap() {
        payload[name] = value.clone();
    }
    payload
}

fn check(token: &str) -> Result<Vouched, VoucherFlaw> {
    by_token(token, &["ltv_other".to_owned(), SECRET.to_owned()], INBOX, now())
}

fn flaw(more: &Value) -> Option<VoucherFlaw> {
    check(&signed(Algorithm::HS256, &payload(more))).err()
}

#[test]
fn token_under_any_secret_that_counts_vouches() {
    let vouched = check(&signed(
        Algorithm::HS256,
        &payload(&json!({"email": "a@example.com", "name": "Анна"})),
    ))
    .unwrap();
    assert_eq!(
        (vouched.external_id.as_str(), vouched.email.as_deref()),
        ("42", Some("a@example.com"))
    );
    assert_eq!(vouched.name.as_deref(), Some("Анна"));
    assert_eq!(flaw(&json!({"aud": ["other", INBOX]})), None);
    assert_eq!(flaw(&json!({"aud": null, "iss": INBOX})), None);
    assert_eq!(flaw(&json!({"exp": in_seconds(24 * 3600)})), None);
    assert_eq!(flaw(&json!({"exp": 1_795_264_200.5})), None);
}

#[test]
fn each_flaw_has_its_name() {
    for (more, expected) in [
        (json!({"exp": in_seconds(-61)}), VoucherFlaw::Expired),
        (json!({"exp": -1}), VoucherFlaw::Expired),
        (json!({"exp": in_seconds(24 * 3600 + 61)}), VoucherFlaw::TooLong),
        (json!({"exp": null}), VoucherFlaw::TooLong),
        (json!({"exp": 1e300}), VoucherFlaw::TooLong),
        (json!({"nbf": in_seconds(120)}), VoucherFlaw::Early),
        (json!({"aud": Uuid::from_u128(8)}), VoucherFlaw::OtherInbox),
        (json!({"aud": []}), VoucherFlaw::OtherInbox),
        (json!({"aud": null}), VoucherFlaw::OtherInbox),
        (
            json!({"aud": Uuid::from_u128(8), "iss": INBOX}),
            VoucherFlaw::OtherInbox,
        ),
        (json!({"sub": " "}), VoucherFlaw::Malformed),
        (json!({"sub": 42}), VoucherFlaw::Malformed),
        (json!({"sub": "4".repeat(201)}), VoucherFlaw::Malformed),
    ] {
        assert_eq!(flaw(&more), Some(expected), "{more}");
    }
    for bad in ["", ".", "..", "a.b.c", "ы", "eyJhbGciOjF9.e30."] {
        assert_eq!(check(bad), Err(VoucherFlaw::Malformed), "{bad:?}");
    }
}

#[test]
fn other_algorithms_and_no_algorithm_are_refused_before_the_signature_is_looked_at() {
    let good = signed(Algorithm::HS256, &payload(&json!({})));
    let (_, rest) = good.split_once('.').unwrap();
    for alg in ["none", "None", "RS256", "ES256", "HS384", "hs256", ""] {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": "JWT"}).to_string());
        assert_eq!(
            check(&format!("{header}.{rest}")),
            Err(VoucherFlaw::Algorithm),
            "{alg:?}"
        );
    }
    assert_eq!(
        check(&signed(Algorithm::HS512, &payload(&json!({})))),
        Err(VoucherFlaw::Algorithm)
    );
}

#[test]
fn changed_token_and_foreign_secret_are_refused() {
    let good = signed(Algorithm::HS256, &payload(&json!({})));
    let parts: Vec<&str> = good.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(payload(&json!({"sub": "43"})).to_string());
    let changed = format!("{}.{other}.{}", parts[0], parts[2]);
    assert_eq!(check(&changed), Err(VoucherFlaw::Signature));
    assert_eq!(
        check(&format!("{}.{}.", parts[0], parts[1])),
        Err(VoucherFlaw::Signature)
    );
    assert_eq!(by_token(&good, &[], INBOX, now()), Err(VoucherFlaw::Signature));
}

/// RFC 4231, test case 2.
#[test]
fn hmac_is_that_of_the_standard() {
    let hmac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let (id, secrets) = ("what do ya want for nothing?", ["Jefe".to_owned()]);
    assert_eq!(by_hmac(id, hmac, &secrets).unwrap().external_id, id);
    assert!(by_hmac(id, &hmac.to_uppercase(), &secrets).is_ok());
    for bad in ["", &hmac[1..], "5bdcc146"] {
        assert_eq!(by_hmac(id, bad, &secrets), Err(VoucherFlaw::Signature), "{bad}");
    }
    assert_eq!(by_hmac("what", hmac, &secrets), Err(VoucherFlaw::Signature));
}
