//! One-time passwords, as KeePassXC, KeePass and older plugins have kept them.

use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::OTP;
use super::read::Strings;
use crate::Object;
use crate::forms::otpauth::{self, Totp};

/// What KeePass 2.47 and later calls it.
const KEEPASS: [&str; 4] = [
    "TimeOtp-Secret-Base32",
    "TimeOtp-Secret",
    "TimeOtp-Secret-Hex",
    "TimeOtp-Secret-Base64",
];
const KEEPASS_MORE: [&str; 3] = ["TimeOtp-Period", "TimeOtp-Length", "TimeOtp-Algorithm"];
/// What TrayTOTP, and KeePassXC before 2.5, call it.
const TRAY: [&str; 2] = ["TOTP Seed", "TOTP Settings"];

/// The `totp` credential of an entry; the strings that it was made of are taken.
pub(super) fn read(strings: &mut Strings<'_>) -> Option<Object> {
    if let Some(totp) = strings.get(OTP).and_then(read_otp) {
        strings.take(OTP);
        return Some(totp);
    }
    if let Some(totp) = read_keepass(strings) {
        for name in KEEPASS.iter().chain(&KEEPASS_MORE) {
            strings.take(name);
        }
        return Some(totp);
    }
    let totp = read_tray(strings)?;
    for name in TRAY {
        strings.take(name);
    }
    Some(totp)
}

/// A URI, or what the plugin KeeOtp had in its place: `key=…&step=…&size=…`.
fn read_otp(text: &str) -> Option<Object> {
    if !text.starts_with("key=") {
        return otpauth::parse(text);
    }
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let mut totp = Totp::default();
    for (name, value) in pairs {
        match name {
            "key" => totp.secret = value.split("%3").next()?,
            "step" => totp.period = Some(value.parse().ok()?),
            "size" => totp.digits = Some(value.parse().ok()?),
            "otpHashMode" => totp.algorithm = Some(value),
            "type" if !value.eq_ignore_ascii_case("totp") => return None,
            _ => {}
        }
    }
    totp.credential()
}

fn read_keepass(strings: &Strings<'_>) -> Option<Object> {
    let [base32, text, hex, base64] = KEEPASS.map(|name| strings.get(name));
    let bytes = |text: Option<&str>, encoding: &data_encoding::Encoding| {
        let decoded = encoding
            .decode(text?.trim().as_bytes())
            .ok()
            .map(Zeroizing::new)?;
        Some(Zeroizing::new(BASE32_NOPAD.encode(&decoded)))
    };
    let utf8 = || text.map(|text| Zeroizing::new(BASE32_NOPAD.encode(text.as_bytes())));
    let secret = base32
        .map(|text| Zeroizing::new(text.to_owned()))
        .or_else(utf8)
        .or_else(|| bytes(hex, &HEXLOWER_PERMISSIVE))
        .or_else(|| bytes(base64, &BASE64))?;
    let [period, digits, algorithm] = KEEPASS_MORE.map(|name| strings.get(name));
    Totp {
        secret: &secret,
        period: period.map(str::parse).transpose().ok()?,
        digits: digits.map(str::parse).transpose().ok()?,
        algorithm,
        ..Totp::default()
    }
    .credential()
}

fn read_tray(strings: &Strings<'_>) -> Option<Object> {
    let [seed, settings] = TRAY.map(|name| strings.get(name));
    let (period, digits) = match settings {
        Some(settings) => settings.split_once(';')?,
        None => ("30", "6"),
    };
    Totp {
        secret: seed?,
        period: Some(period.trim().parse().ok()?),
        // Steam's is `S`, and no number.
        digits: Some(digits.split(';').next()?.trim().parse().ok()?),
        ..Totp::default()
    }
    .credential()
}
