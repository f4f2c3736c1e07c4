use std::sync::atomic::AtomicUsize;

use tokio::sync::Notify;

use super::*;

type Pages = Cache<&'static str>;

/// A cache whose fills may be `"away"`, which passes.
fn pages() -> Pages {
    Cache::new(|error| *error == "away")
}

fn page(html: &str, tag: &str) -> RenderedPage {
    RenderedPage {
        html: html.to_owned(),
        tags: vec![tag.to_owned()],
        headers: axum::http::HeaderMap::new(),
    }
}

async fn text(cache: &Pages, html: &'static str) -> (String, CacheOutcome) {
    let (entry, outcome) = cache
        .get("/p/cup", move || async move { Ok(page(html, "product:1")) })
        .await
        .unwrap();
    (
        String::from_utf8(entry.representation(Coding::Identity).body.to_vec()).unwrap(),
        outcome,
    )
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
                .get("/p/cup", move || {
                    let (began, go) = (Arc::clone(&began), Arc::clone(&go));
                    async move {
                        began.notify_one();
                        go.notified().await;
                        Ok(page(html, "product:1"))
                    }
                })
                .await
        })
    };
    began.notified().await;
    (task, go)
}

#[tokio::test]
async fn a_page_is_made_once_and_dropped_by_its_tag() {
    let cache = pages();
    assert_eq!(text(&cache, "one").await, found("one", CacheOutcome::Miss));
    assert_eq!(text(&cache, "two").await, found("one", CacheOutcome::Hit));
    cache.purge(&["product:2".to_owned()], Purge::Soft);
    assert_eq!(text(&cache, "two").await, found("one", CacheOutcome::Hit));
    cache.purge(&["product:1".to_owned()], Purge::Soft);
    assert_eq!(text(&cache, "two").await, found("two", CacheOutcome::Miss));
}

#[tokio::test]
async fn a_fill_overtaken_by_a_purge_is_not_kept_and_not_joined() {
    let cache = pages();
    let (old, go) = slow(&cache, "old").await;
    cache.purge(&["product:1".to_owned()], Purge::Soft);
    assert_eq!(text(&cache, "new").await, found("new", CacheOutcome::Miss));
    go.notify_one();
    let (entry, _) = old.await.unwrap().unwrap();
    assert_eq!(&entry.representation(Coding::Identity).body[..], b"old");
    assert_eq!(text(&cache, "newer").await, found("new", CacheOutcome::Hit));
}

#[tokio::test]
async fn purges_of_other_tags_keep_no_fill_out() {
    let cache = pages();
    let (one, go) = slow(&cache, "one").await;
    for number in 2..100 {
        cache.purge(&[format!("product:{number}")], Purge::Soft);
    }
    go.notify_one();
    one.await.unwrap().unwrap();
    assert_eq!(text(&cache, "two").await, found("one", CacheOutcome::Hit));
    // More than are remembered may have held the tag.
    cache.purge(&["product:1".to_owned()], Purge::Soft);
    let (one, go) = slow(&cache, "one").await;
    for number in 2..REMEMBERED + 10 {
        cache.purge(&[format!("product:{number}")], Purge::Soft);
    }
    go.notify_one();
    one.await.unwrap().unwrap();
    assert_eq!(text(&cache, "two").await, found("two", CacheOutcome::Miss));
}

#[tokio::test]
async fn many_requests_share_one_fill_and_a_leaver_does_not_stop_it() {
    let cache = pages();
    let fills = Arc::new(AtomicUsize::new(0));
    let go = Arc::new(Notify::new());
    let ask = || {
        let (cache, fills, go) = (cache.clone(), Arc::clone(&fills), Arc::clone(&go));
        async move {
            cache
                .get("/", move || {
                    let (fills, go) = (Arc::clone(&fills), Arc::clone(&go));
                    async move {
                        fills.fetch_add(1, Ordering::SeqCst);
                        go.notified().await;
                        Ok(page("front", "shop:1"))
                    }
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
    let cache = pages();
    let gone = cache.get("/", || async { Err("gone") }).await;
    assert_eq!(gone.unwrap_err(), FillError::Refused("gone"));
    let broken = cache.get("/", || async { panic!("in a fill") }).await;
    assert!(matches!(broken.unwrap_err(), FillError::Broken(_)));
    let well = cache
        .get("/", || async { Ok(page("well", "shop:1")) })
        .await;
    assert!(well.is_ok());
    assert!(cache.gate().flights.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_the_feed_pages_are_stale_for_a_while_and_then_made_anew() {
    let cache = pages();
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

async fn failing(
    cache: &Pages,
    error: &'static str,
) -> Result<(Arc<Entry>, CacheOutcome), FillError<&'static str>> {
    cache.get("/p/cup", move || async move { Err(error) }).await
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_date_is_better_than_a_failure_that_passes() {
    let cache = pages();
    let tags = ["product:1".to_owned()];
    text(&cache, "one").await;
    cache.purge(&tags, Purge::Soft);
    cache.mark_feed_read(Instant::now());
    let (entry, outcome) = failing(&cache, "away").await.unwrap();
    assert_eq!(&entry.representation(Coding::Identity).body[..], b"one");
    assert_eq!(outcome, CacheOutcome::Stale);
    assert!(cache.fresh("/p/cup").is_none());
    assert_eq!(text(&cache, "two").await, found("two", CacheOutcome::Miss));

    // An answer that says there is no page takes the old one away.
    cache.purge(&tags, Purge::Soft);
    assert_eq!(
        failing(&cache, "gone").await.unwrap_err(),
        FillError::Refused("gone")
    );
    assert_eq!(
        failing(&cache, "away").await.unwrap_err(),
        FillError::Refused("away")
    );

    // It has an end.
    text(&cache, "three").await;
    cache.purge(&tags, Purge::Soft);
    tokio::time::advance(STALE_FOR + Duration::from_secs(1)).await;
    cache.mark_feed_read(Instant::now());
    assert!(failing(&cache, "away").await.is_err());
}

#[tokio::test]
async fn nothing_of_a_withdrawn_page_is_served() {
    let cache = pages();
    let tags = ["product:1".to_owned()];
    text(&cache, "one").await;
    cache.purge(&tags, Purge::Soft);
    cache.purge(&tags, Purge::Hard);
    assert!(failing(&cache, "away").await.is_err());
    // Nor while a fill was under way that began before.
    text(&cache, "two").await;
    cache.purge(&tags, Purge::Soft);
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let asked = tokio::spawn({
        let (cache, began, go) = (cache.clone(), Arc::clone(&began), Arc::clone(&go));
        async move {
            let fill = move || {
                let (began, go) = (Arc::clone(&began), Arc::clone(&go));
                async move {
                    began.notify_one();
                    go.notified().await;
                    Err("away")
                }
            };
            cache.get("/p/cup", fill).await
        }
    });
    began.notified().await;
    cache.purge(&tags, Purge::Hard);
    go.notify_one();
    assert!(asked.await.unwrap().is_err());
}

#[tokio::test]
async fn a_purge_makes_anew_what_many_ask_for() {
    let cache = pages();
    let (made, fills) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let ask = || {
        let (made, fills) = (Arc::clone(&made), Arc::clone(&fills));
        let fill = move || {
            let (made, fills) = (Arc::clone(&made), Arc::clone(&fills));
            async move {
                let number = fills.fetch_add(1, Ordering::SeqCst);
                made.notify_one();
                Ok(page(&format!("page {number}"), "product:1"))
            }
        };
        cache.get("/p/cup", fill)
    };
    ask().await.unwrap();
    made.notified().await;
    cache.purge(&["product:1".to_owned()], Purge::Soft);
    for _ in 0..=HOT.0 {
        ask().await.unwrap();
    }
    assert_eq!(
        fills.load(Ordering::SeqCst),
        2,
        "one that nobody asks for waits"
    );
    made.notified().await;
    cache.purge(&["product:1".to_owned()], Purge::Soft);
    made.notified().await;
    let (entry, _) = ask().await.unwrap();
    assert_eq!(&entry.representation(Coding::Identity).body[..], b"page 2");
    assert_eq!(fills.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_is_asked_for_often_is_compressed_as_well_as_can_be() {
    let cache = pages();
    let html: String = (0..400)
        .map(|n| format!("<p>cup {}</p>", n * 7919))
        .collect();
    let ask = || {
        let html = html.clone();
        let fill = move || {
            let page = page(&html, "product:1");
            async move { Ok(page) }
        };
        cache.get("/p/cup", fill)
    };
    let (first, _) = ask().await.unwrap();
    for _ in 0..PACKED_AT {
        ask().await.unwrap();
    }
    while cache.inner.is_packing.load(Ordering::Acquire) {
        tokio::task::yield_now().await;
    }
    let (best, outcome) = ask().await.unwrap();
    assert_eq!(outcome, CacheOutcome::Hit);
    let of = |entry: &Entry| entry.representation(Coding::Br).clone();
    assert!(of(&best).body.len() < of(&first).body.len());
    assert!(best.etags().any(|etag| *etag == of(&first).etag));
    assert_eq!(cache.counts().bytes, best.bytes());
}
