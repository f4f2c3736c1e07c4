use services::{Clock, Config, Error, Random, Services};

use crate::world::{Engine, World, database, on_both};

on_both! {
    async fn a_second_start_changes_nothing(world: World) {
        let again = Services::migrate(&world.config).await.expect("migrate");
        assert!(again.applied.is_empty());
        assert_eq!(again.version, 10);
        assert!(world.again().await.healthy().await.is_ok());
    }
}

on_both! {
    async fn a_newer_database_is_refused(world: World) {
        let mut connection = world.connection().await;
        sqlx::query("INSERT INTO migration (version, name, checksum, applied_at) VALUES (9999, '9999_future', 'x', 0)")
            .execute(&mut connection)
            .await
            .expect("insert");
        let Err(Error::Unavailable(message)) = Services::open(world.config.clone()).await else {
            panic!("must not open");
        };
        assert!(message.contains("newer than this program") && message.contains("9999_future"), "{message}");
        let checks = Services::doctor(&world.config).await;
        let migrations = checks.iter().find(|check| check.name == "migrations").expect("looked at");
        assert!(!migrations.ok && migrations.message.contains("newer"), "{}", migrations.message);
    }
}

on_both! {
    async fn a_changed_migration_is_refused(world: World) {
        let mut connection = world.connection().await;
        sqlx::query("UPDATE migration SET checksum = 'other' WHERE version = 2")
            .execute(&mut connection)
            .await
            .expect("update");
        let Err(Error::Unavailable(message)) = Services::open(world.config.clone()).await else {
            panic!("must not open");
        };
        assert!(message.contains("0002_event"), "{message}");
    }
}

async fn processes_that_start_together(engine: Engine) {
    let Some(url) = database(engine).await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::new(folder.path(), "http://localhost:3000");
    config.database_url = url;
    let starts = (0..6).map(|_| {
        let config = config.clone();
        // Each with a pool of its own, as processes have.
        tokio::spawn(async move {
            Services::migrate(&config)
                .await
                .expect("migrate")
                .applied
                .len()
        })
    });
    let applied = futures::future::join_all(starts).await;
    let mut applied: Vec<usize> = applied
        .into_iter()
        .map(|count| count.expect("task"))
        .collect();
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, 0, 0, 10], "one of them ran all files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_together_on_sqlite() {
    processes_that_start_together(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_together_on_postgres() {
    processes_that_start_together(Engine::Postgres).await;
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::new(folder.path().join("data"), "http://localhost:3000");
    config.database_url = Some("postgres://127.0.0.1:1/none".to_owned());
    let Err(Error::Unavailable(message)) = Services::open(config.clone()).await else {
        panic!("must not open");
    };
    assert!(message.contains("database"), "{message}");
    config.database_url = Some("mysql://x".to_owned());
    assert!(matches!(
        Services::open(config.clone()).await,
        Err(Error::Unavailable(_))
    ));
    config.database_url = None;
    let file = folder.path().join("a-file");
    std::fs::write(&file, "x").expect("write");
    config.data = file;
    let opened = Services::open_with(config.clone(), Clock::System, Random::System).await;
    assert!(matches!(opened, Err(Error::Unavailable(_))));
    assert!(
        Services::doctor(&config)
            .await
            .iter()
            .any(|check| !check.ok)
    );
}

on_both! {
    async fn the_doctor_finds_test_payments_in_public(world: World) {
        assert!(Services::doctor(&world.config).await.iter().all(|check| check.ok), "healthy");
        let mut public = world.config.clone();
        public.public_url = "https://shop.example".to_owned();
        let wrong: Vec<_> = Services::doctor(&public).await.into_iter().filter(|check| !check.ok).collect();
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].name, "payments");
        public.test_payments = false;
        public.public_url = "http://shop.example".to_owned();
        let wrong: Vec<_> = Services::doctor(&public).await.into_iter().filter(|check| !check.ok).collect();
        assert_eq!(wrong.iter().map(|check| check.name).collect::<Vec<_>>(), ["public address"]);
    }
}

on_both! {
    /// `seed`, `owner-link` and `jobs` may run beside a shop: they migrate nothing under it and take none of its work.
    async fn a_command_beside_a_shop_leaves_its_database_and_its_work_alone(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 1).await;
        let mut connection = world.connection().await;
        let statement = "SELECT COUNT(*) AS n FROM job WHERE attempts = 0 AND claim = 0 AND state = 'ready'";
        let waiting = async |connection: &mut sqlx::AnyConnection| -> i64 {
            let row = sqlx::query(statement).fetch_one(connection).await.expect("row");
            sqlx::Row::get(&row, "n")
        };
        let before = waiting(&mut connection).await;
        assert!(before > 0, "a photo waits to be made smaller");
        let beside = Services::open_beside(world.config.clone()).await.expect("opens");
        beside.identity().create_owner_link(Some("clay")).await.expect("link");
        beside.close().await;
        assert_eq!(waiting(&mut connection).await, before);

        // An older database is the shop's to migrate.
        sqlx::query("DELETE FROM migration WHERE version = (SELECT MAX(version) FROM migration)")
            .execute(&mut connection)
            .await
            .expect("older");
        let Err(Error::Unavailable(message)) = Services::open_beside(world.config.clone()).await else {
            panic!("it would change the database under a shop that runs");
        };
        assert!(message.contains("vitrine migrate"), "{message}");
    }
}

on_both! {
    async fn a_command_on_an_empty_folder_sets_it_up(world: World) {
        // Another folder and database, where nothing ever ran.
        let folder = tempfile::tempdir().expect("folder");
        let engine = if world.config.database_url.is_some() { Engine::Postgres } else { Engine::Sqlite };
        let mut config = services::Config::new(folder.path(), "http://localhost:3000");
        config.database_url = crate::world::database(engine).await.expect("a database");
        let beside = Services::open_beside(config).await.expect("opens");
        assert!(beside.identity().first_run_link().await.expect("link").is_some());
        beside.close().await;
    }
}
