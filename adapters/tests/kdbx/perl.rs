//! A second implementation, File::KDBX for Perl: it writes KDBX 3.1, and reads what we wrote.

use std::process::Command;

use super::*;

/// Runs a script with File::KDBX; `None`, and a word on it, if that is not here.
fn perl(script: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("perl").args(["-MFile::KDBX", "-e1"]).output();
    if !output.is_ok_and(|output| output.status.success()) {
        eprintln!("File::KDBX is not here (Debian: libfile-kdbx-perl), and nothing was shown");
        return None;
    }
    let output = Command::new("perl")
        .arg("-e")
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn kdbx_3_1_is_read_and_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.kdbx");
    let script = r#"
        use utf8; use File::KDBX; use File::KDBX::Constants qw(:all);
        my $db = File::KDBX->new;
        $db->version(KDBX_VERSION_3_1);
        my $entry = $db->add_group(name => 'Old')->add_entry(title => 'Mäil', username => 'tove',
            password => 'hünter2', url => 'https://mail.example', notes => "a\nb");
        $entry->string('PIN', '4711', protect => 1);
        $entry->string('TimeOtp-Secret-Base32', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', protect => 1);
        $entry->string('TimeOtp-Length', '8');
        $entry->binary('a.txt', 'attached');
        $db->dump($ARGV[0], $ARGV[1]);
    "#;
    let Some(_) = perl(script, &[path.to_str().unwrap(), PASSPHRASE]) else {
        return;
    };
    let record = records(&path).remove(0);
    let item = &record.item;
    assert_eq!(
        (item.title(), record.places[0].titles().collect()),
        ("Mäil", vec!["Old"])
    );
    let login = item.credential("basic-auth").unwrap();
    assert_eq!(
        (login.field("username"), login.field("password")),
        (Some("tove"), Some("hünter2"))
    );
    assert_eq!(item.credential("totp").unwrap().number("digits"), Some(8));
    let custom = item
        .credential("custom-fields")
        .unwrap()
        .get("fields")
        .unwrap();
    assert_eq!(custom[0]["fieldType"], "concealed-string");
    assert_eq!(record.attachments[0].content.as_slice(), b"attached");
    assert!(item.members.number("creationAt").unwrap() > 1_700_000_000);
    let before = std::fs::read(&path).unwrap();
    let told = open(&path, Access::Write).err().unwrap();
    assert!(told.to_string().contains("Save it as KDBX 4"), "{told}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_second_implementation_reads_what_we_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ours.kdbx");
    let all = sample();
    add(&path, &all);
    let script = r#"
        use File::KDBX; binmode STDOUT, ':utf8';
        my $db = File::KDBX->load($ARGV[0], $ARGV[1]); $db->unlock;
        print $_->title, "\n", $_->binaries->{'recovery-codes.txt'} ? "attached\n" : '' for @{$db->entries->to_array};
    "#;
    let Some(shown) = perl(script, &[path.to_str().unwrap(), PASSPHRASE]) else {
        return;
    };
    for record in &all {
        assert!(shown.contains(record.item.title()), "{shown}");
    }
    assert_eq!(shown.matches("attached").count(), 1, "{shown}");
}
