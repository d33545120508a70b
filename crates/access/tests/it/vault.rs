//! Credentials at rest.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt};

use casare_access::{Access, AccessError, MasterKey, NewCredential, Principal, Vault};
use casare_store::{Clock, DatabaseError, Store};
use casare_store_testing::{Database, on_both};
use secrecy::{ExposeSecret, SecretString};

fn login(environment: &str, password: &str) -> NewCredential {
    NewCredential {
        environment: environment.to_owned(),
        name: "shop".to_owned(),
        kind: "login".to_owned(),
        description: None,
        fields: BTreeMap::from([("password".to_owned(), SecretString::from(password))]),
    }
}

async fn resolved(vault: &Vault, by: &Principal, environment: &str) -> Option<String> {
    let found = vault
        .resolve(by.tenant, environment, "shop")
        .await
        .unwrap()?;
    Some(found["password"].expose_secret().to_owned())
}

fn vault(store: &Store) -> (Vault, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let master = MasterKey::file(&folder.path().join("master.key")).unwrap();
    (Vault::new(store.clone(), master), folder)
}

on_both! {
    async fn a_run_sees_the_nearest_value_of_its_own_tenant(database: Database) {
        let store = database.open(Clock::System).await;
        let (vault, _folder) = vault(&store);
        let tenant = Access::new(store.clone()).first_tenant().await.unwrap();
        let other = store.create_tenant("other").await.unwrap();
        let (ours, theirs) = (Principal::server(tenant, "test"), Principal::server(other, "test"));
        let rows = store.tenant(tenant);
        let mut work = rows.begin().await.unwrap();
        rows.add_environment(&mut work, "base", None, None).await.unwrap();
        rows.add_environment(&mut work, "production", Some("base"), None).await.unwrap();
        work.commit().await.unwrap();
        vault.set(&ours, &login("", "everywhere"), None).await.unwrap();
        vault.set(&ours, &login("base", "in base"), None).await.unwrap();

        assert_eq!(resolved(&vault, &ours, "production").await.unwrap(), "in base");
        assert_eq!(resolved(&vault, &ours, "").await.unwrap(), "everywhere");
        assert_eq!(resolved(&vault, &theirs, "production").await, None);
        let stale = vault.set(&ours, &login("base", "late"), Some(7)).await;
        assert!(matches!(
            stale,
            Err(AccessError::Database(DatabaseError::Changed { found: 1, .. }))
        ));
    }

    async fn what_is_sealed_opens_nowhere_else(database: Database) {
        let store = database.open(Clock::System).await;
        let (vault, _folder) = vault(&store);
        let tenant = store.create_tenant("one").await.unwrap();
        let other = store.create_tenant("two").await.unwrap();
        let sealed = vault.seal(tenant, "smtp", b"s3cret").await.unwrap();
        let (stranger, _other_folder) = self::vault(&store);

        let opened = vault.open(tenant, "smtp", &sealed).await.unwrap();
        assert_eq!(opened.expose_secret().as_slice(), b"s3cret");
        for failed in [
            vault.open(tenant, "imap", &sealed).await,
            vault.open(other, "smtp", &sealed).await,
            vault.open(tenant, "smtp", &sealed[..20]).await,
            stranger.open(tenant, "smtp", &sealed).await,
        ] {
            assert!(matches!(failed, Err(AccessError::Sealed)));
        }
        assert!(!sealed.windows(6).any(|part| part == b"s3cret"));
    }
}

#[test]
fn a_master_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    MasterKey::file(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    MasterKey::file(&path).unwrap();

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();

    assert!(matches!(
        MasterKey::file(&path),
        Err(AccessError::MasterKey { .. })
    ));
}
