//! Stories of wrapped secrets (design §4): each opens for one key, one object path and one
//! direction, and for nothing else.

#![allow(clippy::panic, clippy::unwrap_used)]

use credex_protocol::envelope::keywrap::{
    Direction, KeywrapError, MAX_PATH_LEN, TOKEN_LEN, unwrap, wrap,
};
use credex_protocol::envelope::{
    ContentKey, KeyError, Password, PasswordError, PrivateKey, PublicKey, SEALED_LEN,
};
use proptest::prelude::*;

const SESSION: &str = "/org/credex/Exchange1/session/1_42/s1";
const DIRECTIONS: [Direction; 6] = [
    Direction::ExporterToDaemon,
    Direction::DaemonToImporter,
    Direction::TokenToImporter,
    Direction::TokenToDaemon,
    Direction::PasswordToDaemon,
    Direction::PasswordToApp,
];

#[test]
fn a_content_key_travels_from_the_exporter_through_the_daemon_to_the_importer() {
    let (daemon, importer) = (
        PrivateKey::generate().unwrap(),
        PrivateKey::generate().unwrap(),
    );
    let key = ContentKey::generate().unwrap();

    let deposited = key
        .wrap(&daemon.public_key(), Direction::ExporterToDaemon, SESSION)
        .unwrap();
    let held =
        ContentKey::unwrap(&deposited, &daemon, Direction::ExporterToDaemon, SESSION).unwrap();
    let served = held
        .wrap(&importer.public_key(), Direction::DaemonToImporter, SESSION)
        .unwrap();
    let redeemed =
        ContentKey::unwrap(&served, &importer, Direction::DaemonToImporter, SESSION).unwrap();

    assert_eq!(redeemed.as_bytes(), key.as_bytes());
}

#[test]
fn a_token_travels_and_has_the_length_that_was_promised() {
    let importer = PrivateKey::generate().unwrap();
    let token = [9; TOKEN_LEN];
    let wrapped = wrap(
        &token,
        &importer.public_key(),
        Direction::TokenToImporter,
        "/o",
    )
    .unwrap();
    assert_eq!(wrapped.len(), 64);
    let back = unwrap(&wrapped, &importer, Direction::TokenToImporter, "/o").unwrap();
    assert_eq!(*back, token);
}

#[test]
fn a_wrapped_content_key_has_eighty_bytes_and_does_not_show_the_key() {
    let to = PrivateKey::generate().unwrap().public_key();
    let wrapped = wrap(&[7; 32], &to, Direction::ExporterToDaemon, SESSION).unwrap();
    assert_eq!(wrapped.len(), 80);
    assert!(!wrapped.windows(4).any(|window| window == [7; 4]));
}

#[test]
fn the_same_key_wrapped_twice_never_looks_the_same() {
    let to = PrivateKey::generate().unwrap().public_key();
    let once = wrap(&[7; 32], &to, Direction::ExporterToDaemon, SESSION).unwrap();
    let twice = wrap(&[7; 32], &to, Direction::ExporterToDaemon, SESSION).unwrap();
    assert_ne!(once[..32], twice[..32]);
    assert_ne!(once[32..], twice[32..]);
}

#[test]
fn a_wrapped_secret_is_worth_nothing_to_another_key() {
    let (ours, theirs) = (
        PrivateKey::generate().unwrap(),
        PrivateKey::generate().unwrap(),
    );
    for direction in DIRECTIONS {
        let secret = vec![7; direction.secret_len()];
        let wrapped = wrap(&secret, &ours.public_key(), direction, SESSION).unwrap();
        let refused = unwrap(&wrapped, &theirs, direction, SESSION);
        assert_eq!(refused, Err(KeywrapError::DoesNotOpen { direction }));
    }
}

#[test]
fn a_wrapped_secret_is_worth_nothing_in_another_session() {
    let ours = PrivateKey::generate().unwrap();
    let direction = Direction::ExporterToDaemon;
    let wrapped = wrap(&[7; 32], &ours.public_key(), direction, SESSION).unwrap();
    for other in [
        "/",
        "/org/credex/Exchange1/session/1_42/s",
        "/org/credex/Exchange1/session/1_42/s10",
    ] {
        let refused = unwrap(&wrapped, &ours, direction, other);
        assert_eq!(
            refused,
            Err(KeywrapError::DoesNotOpen { direction }),
            "{other}"
        );
    }
}

#[test]
fn a_wrapped_secret_cannot_be_played_back_in_another_direction() {
    let ours = PrivateKey::generate().unwrap();
    for made_for in DIRECTIONS {
        let secret = vec![7; made_for.secret_len()];
        let wrapped = wrap(&secret, &ours.public_key(), made_for, SESSION).unwrap();
        for played_as in DIRECTIONS.into_iter().filter(|other| *other != made_for) {
            let refused = unwrap(&wrapped, &ours, played_as, SESSION).unwrap_err();
            if played_as.secret_len() == made_for.secret_len() {
                assert_eq!(
                    refused,
                    KeywrapError::DoesNotOpen {
                        direction: played_as
                    }
                );
            } else {
                assert!(
                    matches!(refused, KeywrapError::WrappedLength { .. }),
                    "{refused}"
                );
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_a_wrapped_secret_is_found() {
    let ours = PrivateKey::generate().unwrap();
    let direction = Direction::TokenToDaemon;
    let whole = wrap(&[7; 16], &ours.public_key(), direction, SESSION).unwrap();
    // The highest bit of an X25519 coordinate is ignored by the curve, but not by HPKE.
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut wrapped = whole.clone();
            wrapped[at] ^= 1 << bit;
            assert!(
                unwrap(&wrapped, &ours, direction, SESSION).is_err(),
                "bit {bit} of byte {at}"
            );
        }
    }
}

#[test]
fn secrets_of_a_wrong_length_are_refused_before_any_cryptography() {
    let ours = PrivateKey::generate().unwrap();
    for direction in DIRECTIONS {
        for given in [0, 1, 15, 17, 31, 33, 48] {
            let expected = direction.secret_len();
            let refused = wrap(&vec![0; given], &ours.public_key(), direction, SESSION);
            assert_eq!(
                refused,
                Err(KeywrapError::SecretLength {
                    direction,
                    expected,
                    given
                })
            );
        }
        for given in [0, 31, 32, 48, 63, 65, 79, 81] {
            let expected = direction.wrapped_len();
            let refused = unwrap(&vec![0; given], &ours, direction, SESSION);
            assert_eq!(
                refused,
                Err(KeywrapError::WrappedLength {
                    direction,
                    expected,
                    given
                })
            );
        }
    }
}

#[test]
fn a_token_does_not_pass_for_a_content_key() {
    let ours = PrivateKey::generate().unwrap();
    let direction = Direction::TokenToDaemon;
    let wrapped = wrap(&[7; 16], &ours.public_key(), direction, SESSION).unwrap();
    let refused = ContentKey::unwrap(&wrapped, &ours, direction, SESSION);
    assert!(matches!(
        refused,
        Err(KeywrapError::SecretLength {
            expected: 32,
            given: 16,
            ..
        })
    ));
}

const REQUEST: &str = "/org/credex/Exchange1/request/1_42/r1";

fn password(text: &str) -> Password {
    Password::new(text.as_bytes().to_vec()).unwrap()
}

#[test]
fn a_sealed_password_does_not_tell_its_length() {
    let to = PrivateKey::generate().unwrap().public_key();
    for text in ["1", "pässwort", &"x".repeat(1022)] {
        let direction = Direction::PasswordToDaemon;
        let sealed = password(text).seal(&to, direction, 1, REQUEST).unwrap();
        assert_eq!(sealed.len(), SEALED_LEN);
    }
}

#[test]
fn a_sealed_password_opens_for_its_key_request_and_direction_alone() {
    use Direction::{PasswordToApp, PasswordToDaemon};
    let ours = PrivateKey::generate().unwrap();
    let theirs = PrivateKey::generate().unwrap();
    let seal = |direction| password("geheim").seal(&ours.public_key(), direction, 7, REQUEST);
    let sealed = seal(PasswordToDaemon).unwrap();
    let open = |key, direction, key_id, path| Password::open(&sealed, key, direction, key_id, path);

    let opened = open(&ours, PasswordToDaemon, 7, REQUEST).unwrap();
    assert_eq!(opened.expose(), "geheim");
    for refused in [
        open(&theirs, PasswordToDaemon, 7, REQUEST),
        open(&ours, PasswordToApp, 7, REQUEST),
        open(&ours, PasswordToDaemon, 8, REQUEST),
        open(&ours, PasswordToDaemon, 7, SESSION),
        open(&ours, PasswordToDaemon, 7, &format!("{REQUEST}1")),
    ] {
        let error = refused.unwrap_err();
        let keywrap = KeywrapError::DoesNotOpen {
            direction: PasswordToDaemon,
        };
        let other = KeywrapError::DoesNotOpen {
            direction: PasswordToApp,
        };
        assert!([keywrap.into(), other.into()].contains(&error), "{error}");
    }
    assert!(matches!(
        Password::open(&sealed[1..], &ours, PasswordToDaemon, 7, REQUEST),
        Err(PasswordError::Keywrap(KeywrapError::WrappedLength { .. }))
    ));
}

#[test]
fn a_wrapping_without_a_path_or_with_an_endless_one_is_refused() {
    let ours = PrivateKey::generate().unwrap();
    let endless = format!("/{}", "a".repeat(MAX_PATH_LEN));
    for path in ["", "session", &endless] {
        let refused = wrap(
            &[7; 32],
            &ours.public_key(),
            Direction::ExporterToDaemon,
            path,
        );
        assert_eq!(refused, Err(KeywrapError::NotAPath));
        let refused = unwrap(&[7; 80], &ours, Direction::ExporterToDaemon, path);
        assert_eq!(refused, Err(KeywrapError::NotAPath));
    }
}

/// Every point of low order, in every encoding (RFC 7748 § 6.1; "May the Fourth Be With You",
/// Genkin, Valenta and Yarom, 2017), with and without the bit that the curve ignores.
fn low_order_points() -> Vec<[u8; 32]> {
    let small = |first: u8| std::array::from_fn(|at| if at == 0 { first } else { 0 });
    let near_p = |first: u8| {
        std::array::from_fn(|at| match at {
            0 => first,
            31 => 0x7f,
            _ => 0xff,
        })
    };
    let order_eight = [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ];
    let mut points = vec![small(0), small(1), near_p(0xec), near_p(0xed), near_p(0xee)];
    points.extend(order_eight.map(|hex| {
        std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
    }));
    let with_ignored_bit = points.iter().map(|point| {
        let mut point = *point;
        point[31] |= 0x80;
        point
    });
    with_ignored_bit.chain(points.iter().copied()).collect()
}

#[test]
fn no_secret_is_wrapped_to_a_key_that_anybody_could_open() {
    for point in low_order_points() {
        assert_eq!(
            PublicKey::from_bytes(&point),
            Err(KeyError::LowOrder),
            "{point:02x?}"
        );
    }
}

proptest! {
    #[test]
    fn a_key_is_refused_exactly_if_it_makes_the_shared_secret_zero(
        theirs in any::<[u8; 32]>(),
        ours in any::<[u8; 32]>(),
    ) {
        let is_zero = x25519_dalek::x25519(ours, theirs) == [0; 32];
        prop_assert_eq!(PublicKey::from_bytes(&theirs).is_err(), is_zero);
    }

    #[test]
    fn a_public_key_is_that_of_rfc_7748(private in any::<[u8; 32]>()) {
        let expected = x25519_dalek::x25519(private, x25519_dalek::X25519_BASEPOINT_BYTES);
        let public = PrivateKey::from_bytes(&private).public_key();
        prop_assert_eq!(public.as_bytes(), &expected);
    }
}

#[test]
fn no_secret_is_taken_that_was_wrapped_with_a_key_that_anybody_could_open() {
    let ours = PrivateKey::generate().unwrap();
    for point in low_order_points() {
        let wrapped = [point.as_slice(), &[0; 48]].concat();
        let refused = unwrap(&wrapped, &ours, Direction::ExporterToDaemon, SESSION);
        assert_eq!(
            refused,
            Err(KeywrapError::Key(KeyError::LowOrder)),
            "{point:02x?}"
        );
    }
}

#[test]
fn a_public_key_of_another_length_is_refused() {
    for len in [0, 31, 33, 65] {
        assert_eq!(
            PublicKey::from_bytes(&vec![9; len]),
            Err(KeyError::Length(len))
        );
    }
}

#[test]
fn a_private_key_kept_elsewhere_as_bytes_is_the_same_key() {
    let key = PrivateKey::generate().unwrap();
    let again = PrivateKey::from_bytes(key.as_bytes());
    assert_eq!(key.public_key(), again.public_key());
    assert_eq!(
        PublicKey::from_bytes(key.public_key().as_bytes()),
        Ok(key.public_key())
    );
}

#[test]
fn a_private_key_never_shows_itself_in_a_log() {
    assert_eq!(
        format!("{:?}", PrivateKey::from_bytes(&[0xAB; 32])),
        "PrivateKey(…)"
    );
}

proptest! {
    #[test]
    fn whatever_bytes_a_stranger_sends_do_not_open(wrapped in prop::collection::vec(any::<u8>(), 80)) {
        let ours = PrivateKey::from_bytes(&[7; 32]);
        prop_assert!(unwrap(&wrapped, &ours, Direction::ExporterToDaemon, SESSION).is_err());
    }
}
