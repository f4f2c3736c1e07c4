//! Which worker runs the network: the CPU build at once, for it is small; the GPU build in its place as soon as it has
//! compiled and answered as the CPU does, where the browser has an adapter, with TransNetV2 where that is asked for; none in the
//! end.
//!
//! Frames sent before a worker is up wait in its port, and the recorder sends what is unanswered to a successor, so a
//! change of engine loses nothing.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::{
    capture::Engine,
    wire::studio::{Bundle, Config},
};
use gloo::{events::EventListener, timers::callback::Timeout};
use protocol::{InferenceStatus, Request, Role};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{MessageChannel, MessageEvent, MessagePort, Worker};

use super::{
    js,
    recorder::{self, Attachment, Recorder},
};

/// Milliseconds a build has to say that it works. The GPU build is 16 MB and compiles shaders first, while the CPU build
/// does the work.
const START_LIMIT_MS: u32 = 120_000;

/// What a creator is told where neither build of the worker runs.
const NO_WORKER: &str = "The model for finding shots does not run in this browser; plain frame differences are used instead. Reload the page to try again.";

/// The inference worker, whichever build it is.
pub(crate) struct Inference {
    config: Config,
    recorder: Rc<Recorder>,
    /// Does the work, or will as soon as it is up.
    current: RefCell<Option<Running>>,
    /// The GPU build while it gets ready, with the recorder's end of its channel.
    starting: RefCell<Option<(Running, MessagePort)>>,
    /// Where the current one runs, once it has said so.
    engine: Cell<Option<Engine>>,
    /// Whether the GPU build is to let TransNetV2 judge as well.
    precise: Cell<bool>,
    on_change: Box<dyn Fn(Engine, Precise, Option<String>)>,
}

/// What has become of the request for precise analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precise {
    /// It is not known yet, or there was none.
    Undecided,
    /// It was denied: the larger network cannot be had or does not run here.
    Denied,
}

/// A worker that was started; ends with the value.
struct Running {
    worker: Worker,
    /// Gives it up if it does not say in time whether it works.
    start_limit: Rc<Cell<Option<Timeout>>>,
    _listeners: [EventListener; 2],
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.terminate();
        self.start_limit.set(None);
    }
}

/// What the address says about the engine: `/studio?engine=cpu` keeps off the GPU, for a driver that draws nonsense.
fn cpu_requested() -> bool {
    js::window().location().search().is_ok_and(|query| {
        query
            .trim_start_matches('?')
            .split('&')
            .any(|pair| pair == "engine=cpu")
    })
}

/// Whether the browser has a GPU for us.
async fn has_gpu() -> bool {
    let navigator = js::window().navigator();
    let gpu = js::get(&navigator, "gpu");
    gpu.is_object()
        && js::call(&gpu, "requestAdapter")
            .await
            .is_ok_and(|adapter| adapter.is_object())
}

impl Inference {
    /// Starts the CPU build, and the GPU build beside it where there is a GPU, with TransNetV2 where `precise` is asked for;
    /// `on_change` is told where the network runs, and why there is none. Lasts as long as the value.
    pub(crate) fn start(
        config: &Config,
        recorder: &Rc<Recorder>,
        precise: bool,
        on_change: impl Fn(Engine, Precise, Option<String>) + 'static,
    ) -> Rc<Self> {
        let inference = Rc::new(Self {
            config: config.clone(),
            recorder: recorder.clone(),
            current: RefCell::new(None),
            starting: RefCell::new(None),
            engine: Cell::new(None),
            precise: Cell::new(precise),
            on_change: Box::new(on_change),
        });
        inference.run(&inference.config.worker_cpu, Engine::Cpu);
        let this = inference.clone();
        spawn_local(async move {
            if let Some(bundle) = &this.config.worker_gpu
                && !cpu_requested()
                && has_gpu().await
            {
                this.run(bundle, Engine::Gpu);
            }
        });
        inference
    }

    /// Where the network runs; `None` until it has said so.
    pub(crate) fn engine(&self) -> Option<Engine> {
        self.engine.get()
    }

    /// Turns precise analysis on or off: a new GPU build gets ready, and the current one works on until it is.
    pub(crate) fn set_precise(self: &Rc<Self>, precise: bool) {
        self.precise.set(precise);
        if let Some(bundle) = &self.config.worker_gpu {
            self.run(bundle, Engine::Gpu);
        }
    }

    /// Starts a build: the CPU's takes the frames at once, the GPU's when it is ready.
    fn run(self: &Rc<Self>, bundle: &Bundle, engine: Engine) {
        let precise = engine == Engine::Gpu && self.precise.get();
        let role = Role::Inference {
            weights: self.config.weights.clone().unwrap_or_default(),
            precise: self.config.precise.clone().filter(|_| precise),
        };
        let Ok(channel) = MessageChannel::new() else {
            return;
        };
        let Ok(worker) = recorder::start(
            &self.config.worker_boot,
            bundle,
            role,
            Some(&channel.port1()),
        ) else {
            self.give_up(engine, "the worker could not be made");
            return;
        };
        let this = Rc::downgrade(self);
        let start_limit = Rc::new(Cell::new(Some(Timeout::new(START_LIMIT_MS, move || {
            if let Some(this) = this.upgrade() {
                this.give_up(engine, "it said nothing for too long");
            }
        }))));
        let running = Running {
            _listeners: [
                self.on_message(&worker, engine, start_limit.clone()),
                self.on_error(&worker, engine),
            ],
            start_limit,
            worker,
        };
        if engine == Engine::Gpu {
            self.starting.replace(Some((running, channel.port2())));
        } else {
            self.recorder.send(
                &Request::Attach,
                vec![Attachment::Inference(channel.port2())],
            );
            self.current.replace(Some(running));
        }
    }

    fn on_message(
        self: &Rc<Self>,
        worker: &Worker,
        from: Engine,
        start_limit: Rc<Cell<Option<Timeout>>>,
    ) -> EventListener {
        let this = Rc::downgrade(self);
        EventListener::new(worker, "message", move |event| {
            let (Some(this), Some(event)) = (this.upgrade(), event.dyn_ref::<MessageEvent>())
            else {
                return;
            };
            let Some(text) = js::get(&event.data(), "say").as_string() else {
                return;
            };
            match serde_json::from_str(&text) {
                Ok(InferenceStatus::Running { engine, no_network }) => {
                    start_limit.set(None);
                    if from == Engine::Gpu {
                        this.take_over();
                    }
                    this.engine.set(Some(engine));
                    this.announce(engine, from, no_network);
                }
                Ok(InferenceStatus::Unusable { reason }) => {
                    start_limit.set(None);
                    this.give_up(from, &reason);
                }
                Err(error) => {
                    web_sys::console::error_2(&format!("inference: {error}").into(), &text.into())
                }
            }
        })
    }

    fn on_error(self: &Rc<Self>, worker: &Worker, from: Engine) -> EventListener {
        let this = Rc::downgrade(self);
        EventListener::new(worker, "error", move |event| {
            if let Some(this) = this.upgrade() {
                let reason = js::get(event, "message").as_string();
                this.give_up(from, &reason.unwrap_or_default());
            }
        })
    }

    /// The GPU build is ready: frames go to it from now on, and the CPU build ends.
    fn take_over(&self) {
        let Some((running, port)) = self.starting.take() else {
            return;
        };
        self.recorder
            .send(&Request::Attach, vec![Attachment::Inference(port)]);
        self.end_later(self.current.replace(Some(running)));
    }

    /// Announces where the network runs, after a report of or about a build, and why there is none.
    fn announce(&self, engine: Engine, build: Engine, no_network: Option<String>) {
        let denied = build == Engine::Gpu && engine != Engine::Precise && self.precise.get();
        if denied {
            self.precise.set(false);
        }
        let precise = if denied {
            Precise::Denied
        } else {
            Precise::Undecided
        };
        (self.on_change)(engine, precise, no_network);
    }

    /// A build cannot go on: from the GPU to the CPU, from the CPU to plain frame differences.
    fn give_up(self: &Rc<Self>, engine: Engine, reason: &str) {
        web_sys::console::warn_1(&format!("the {engine:?} engine is given up: {reason}").into());
        if engine == Engine::Gpu
            && let Some((running, _)) = self.starting.take()
        {
            // It never began: another is at work.
            self.end_later(Some(running));
            if let Some(at_work) = self.engine.get() {
                self.announce(at_work, engine, None);
            }
            return;
        }
        self.end_later(self.current.take());
        if engine == Engine::Gpu {
            self.run(&self.config.worker_cpu, Engine::Cpu);
        } else {
            self.recorder.send(&Request::Attach, Vec::new());
            self.engine.set(Some(Engine::Plain));
            self.announce(Engine::Plain, engine, Some(NO_WORKER.to_owned()));
        }
    }

    /// Ends a worker later, for the caller may be one of the listeners that end with it.
    fn end_later(&self, running: Option<Running>) {
        spawn_local(async move { drop(running) });
    }
}
