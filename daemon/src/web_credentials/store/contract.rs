//! What every store must do, as one story that is told of each.

use super::{Asking, Comparison, Found, Login, Password, Saved, Store, StoreError};
use crate::web_credentials::domain::{Mode, Site};

pub(super) fn site(text: &str) -> Site {
    Site::parse(text, Mode::Standard).unwrap()
}

pub(super) fn login(at: &str, account: &str, password: &str) -> Login {
    let password = Password::new(password.as_bytes().to_vec()).unwrap();
    Login::new(site(at), account.to_owned(), password).unwrap()
}

/// Tells it of an empty `store`, and leaves it empty.
pub(super) async fn holds(store: &dyn Store) {
    let asking = Asking::default();
    let found = |at: &str, account: &str| Found {
        site: site(at),
        account: account.to_owned(),
    };
    for (at, account) in [
        ("example.org", "ann"),
        ("example.org", "bob ßü 'quoted'"),
        ("example.org:8443", "ann"),
        ("bücher.example", "ann"),
    ] {
        let first = login(at, account, "hunter2");
        assert_eq!(
            store.compare(&first, &asking).await.unwrap(),
            Comparison::Absent
        );
        assert_eq!(store.put(&first, &asking).await.unwrap(), Saved::Added);
        assert_eq!(
            store.compare(&first, &asking).await.unwrap(),
            Comparison::Same
        );
        let second = login(at, account, "correct horse ßü\n🔑");
        assert_eq!(
            store.compare(&second, &asking).await.unwrap(),
            Comparison::Different
        );
        // Who agreed to add it did not agree to overwrite what somebody else has added since.
        let over = store.put_over(Some(Comparison::Absent), &second, &asking);
        assert!(matches!(over.await, Err(StoreError::Changed)));
        assert_eq!(
            store.compare(&first, &asking).await.unwrap(),
            Comparison::Same
        );
        let agreed = Some(Comparison::Different);
        let over = store.put_over(agreed, &second, &asking).await.unwrap();
        assert_eq!(over, Saved::Updated);
        assert_eq!(store.put(&second, &asking).await.unwrap(), Saved::Updated);
        assert_eq!(store.put(&second, &asking).await.unwrap(), Saved::Updated);
        let password = store.password(&site(at), account, &asking).await.unwrap();
        assert!(password.is(second.password()));
    }
    let sites = [
        site("bücher.example"),
        site("other.org"),
        site("example.org"),
    ];
    let all = store.find(&sites, None, &asking).await.unwrap();
    let expected = [
        found("bücher.example", "ann"),
        found("example.org", "ann"),
        found("example.org", "bob ßü 'quoted'"),
    ];
    assert_eq!(all, expected);
    let anns = store.find(&sites, Some("ann"), &asking).await.unwrap();
    assert_eq!(anns, expected[..2]);
    let port = [site("example.org:8443")];
    let ports = store.find(&port, None, &asking).await.unwrap();
    assert_eq!(ports, [found("example.org:8443", "ann")]);

    for found in all.iter().chain(&ports) {
        assert!(
            store
                .delete(&found.site, &found.account, &asking)
                .await
                .unwrap()
        );
        assert!(
            !store
                .delete(&found.site, &found.account, &asking)
                .await
                .unwrap()
        );
        let deleted = login(&found.site.to_string(), &found.account, "hunter2");
        let over = store.put_over(Some(Comparison::Different), &deleted, &asking);
        assert!(matches!(over.await, Err(StoreError::Changed)));
        let gone = store.password(&found.site, &found.account, &asking).await;
        assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
    }
    assert_eq!(store.find(&sites, None, &asking).await.unwrap(), []);
}
