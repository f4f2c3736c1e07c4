use std::sync::atomic::AtomicUsize;

use tokio::sync::Notify;

use super::*;

type Pages = Cache<&'static str>;

fn page(html: &str, tag: &str) -> RenderedPage {
    RenderedPage {
        html: html.to_owned(),
        tags: vec![tag.to_owned()],
        link: None,
    }
}

async fn text(cache: &Pages, html: &'static str) -> (String, CacheOutcome) {
    let (entry, outcome) = cache
        .get("/p/cup", async move { Ok(page(html, "product:1")) })
        .await
        .unwrap();
    (String::from_utf8(entry.plain.to_vec()).unwrap(), outcome)
}

fn found(html: &str, outcome: CacheOutcome) -> (String, CacheOutcome) {
    (html.to_owned(), outcome)
}

/// A fill that has begun, and what lets it end.
async fn slow(
    cache: &Pages,
    html: &'static str,
) -> (
    tokio::task::JoinHandle<Result<(Arc<Entry>, CacheOutcome), FillError<&'static str>>>,
    Arc<Notify>,
) {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let task = {
        let (cache, began, go) = (cache.clone(), Arc::clone(&began), Arc::clone(&go));
        tokio::spawn(async move {
            cache
                .get("/p/cup", async move {
                    began.notify_one();
                    go.notified().await;
                    Ok(page(html, "product:1"))
                })
                .await
        })
    };
    began.notified().await;
    (task, go)
}

#[tokio::test]
async fn a_page_is_made_once_and_dropped_by_its_tag() {
    let cache = Pages::default();
    assert_eq!(text(&cache, "one").await, found("one", CacheOutcome::Miss));
    assert_eq!(text(&cache, "two").await, found("one", CacheOutcome::Hit));
    cache.purge(&["product:2".to_owned()]);
    assert_eq!(text(&cache, "two").await, found("one", CacheOutcome::Hit));
    cache.purge(&["product:1".to_owned()]);
    assert_eq!(text(&cache, "two").await, found("two", CacheOutcome::Miss));
}

#[tokio::test]
async fn a_fill_overtaken_by_a_purge_is_not_kept_and_not_joined() {
    let cache = Pages::default();
    let (old, go) = slow(&cache, "old").await;
    cache.purge(&["product:1".to_owned()]);
    assert_eq!(text(&cache, "new").await, found("new", CacheOutcome::Miss));
    go.notify_one();
    let (entry, _) = old.await.unwrap().unwrap();
    assert_eq!(&entry.plain[..], b"old");
    assert_eq!(text(&cache, "newer").await, found("new", CacheOutcome::Hit));
}

#[tokio::test]
async fn purges_of_other_tags_keep_no_fill_out() {
    let cache = Pages::default();
    let (one, go) = slow(&cache, "one").await;
    for number in 2..100 {
        cache.purge(&[format!("product:{number}")]);
    }
    go.notify_one();
    one.await.unwrap().unwrap();
    assert_eq!(text(&cache, "two").await, found("one", CacheOutcome::Hit));
    // More than are remembered may have held the tag.
    cache.purge(&["product:1".to_owned()]);
    let (one, go) = slow(&cache, "one").await;
    for number in 2..REMEMBERED + 10 {
        cache.purge(&[format!("product:{number}")]);
    }
    go.notify_one();
    one.await.unwrap().unwrap();
    assert_eq!(text(&cache, "two").await, found("two", CacheOutcome::Miss));
}

#[tokio::test]
async fn many_requests_share_one_fill_and_a_leaver_does_not_stop_it() {
    let cache = Pages::default();
    let fills = Arc::new(AtomicUsize::new(0));
    let go = Arc::new(Notify::new());
    let ask = || {
        let (cache, fills, go) = (cache.clone(), Arc::clone(&fills), Arc::clone(&go));
        async move {
            cache
                .get("/", async move {
                    fills.fetch_add(1, Ordering::SeqCst);
                    go.notified().await;
                    Ok(page("front", "shop:1"))
                })
                .await
        }
    };
    let leaver = tokio::spawn(ask());
    tokio::task::yield_now().await;
    let stayers: Vec<_> = (0..20).map(|_| tokio::spawn(ask())).collect();
    while fills.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    leaver.abort();
    go.notify_one();
    for stayer in stayers {
        assert!(stayer.await.unwrap().is_ok());
    }
    assert_eq!(fills.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_error_and_a_panic_are_answered_and_not_kept() {
    let cache = Pages::default();
    let gone = cache.get("/", async { Err("gone") }).await;
    assert_eq!(gone.unwrap_err(), FillError::Refused("gone"));
    let broken = cache.get("/", async { panic!("in a fill") }).await;
    assert!(matches!(broken.unwrap_err(), FillError::Broken(_)));
    let well = cache.get("/", async { Ok(page("well", "shop:1")) }).await;
    assert!(well.is_ok());
    assert!(cache.gate().flights.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_the_feed_pages_are_stale_for_a_while_and_then_made_anew() {
    let cache = Pages::default();
    assert_eq!(text(&cache, "one").await, found("one", CacheOutcome::Miss));
    tokio::time::advance(FRESH_FOR).await;
    assert_eq!(text(&cache, "two").await, found("one", CacheOutcome::Hit));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(text(&cache, "two").await, found("one", CacheOutcome::Stale));
    cache.mark_feed_read(Instant::now());
    assert_eq!(text(&cache, "two").await, found("one", CacheOutcome::Hit));
    tokio::time::advance(STALE_FOR + Duration::from_secs(1)).await;
    assert_eq!(text(&cache, "two").await, found("two", CacheOutcome::Miss));
}
