//! Which worker runs the network: the GPU build where the browser has an adapter, else the CPU build, else none.
//!
//! Frames sent before a worker is up wait in its port, and the recorder sends what is unanswered to a successor, so a
//! change of engine loses nothing.

use std::{cell::RefCell, rc::Rc};

use domain::capture::{Command, Condition, Engine, Role};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{MessageChannel, MessageEvent, Worker};

use super::{
    js,
    listener::Listener,
    recorder::{self, Beside, Recorder},
};
use crate::config::{Bundle, Config};

/// Milliseconds a build has to say that it works. The GPU build is 16 MB and compiles shaders first.
const PATIENCE: u32 = 60_000;

/// The inference worker, whichever build it is.
pub(crate) struct Inference {
    config: Config,
    recorder: Rc<Recorder>,
    current: RefCell<Option<(Worker, Vec<Listener>)>>,
    report: Box<dyn Fn(Engine)>,
}

/// What the address says about the engine: `/studio?engine=cpu` keeps off the GPU, for a driver that draws nonsense.
fn cpu_wanted() -> bool {
    js::window().location().search().is_ok_and(|query| {
        query
            .trim_start_matches('?')
            .split('&')
            .any(|pair| pair == "engine=cpu")
    })
}

/// Whether the browser has a GPU for us.
async fn gpu() -> bool {
    let navigator = js::window().navigator();
    let gpu = js::get(&navigator, "gpu");
    gpu.is_object()
        && js::call(&gpu, "requestAdapter")
            .await
            .is_ok_and(|adapter| adapter.is_object())
}

impl Inference {
    /// Picks a build and starts it; `report` hears where the network runs. Lasts as long as the value.
    pub(crate) fn start(
        config: &Config,
        recorder: &Rc<Recorder>,
        report: impl Fn(Engine) + 'static,
    ) -> Rc<Self> {
        let inference = Rc::new(Self {
            config: config.clone(),
            recorder: recorder.clone(),
            current: RefCell::new(None),
            report: Box::new(report),
        });
        let this = inference.clone();
        spawn_local(async move {
            match this.config.worker_gpu.clone() {
                Some(bundle) if !cpu_wanted() && gpu().await => this.run(bundle, Engine::Gpu),
                _ => this.run(this.config.worker_cpu.clone(), Engine::Cpu),
            }
        });
        inference
    }

    fn run(self: &Rc<Self>, bundle: Bundle, engine: Engine) {
        let role = Role::Inference {
            weights: self.config.weights.clone().unwrap_or_default(),
        };
        let Ok(channel) = MessageChannel::new() else {
            return;
        };
        let Ok(worker) = recorder::start(
            &self.config.worker_boot,
            &bundle,
            role,
            Some(&channel.port1()),
        ) else {
            self.fall_back(engine, "the worker could not be made");
            return;
        };
        self.recorder
            .send(&Command::Attach, vec![Beside::Inference(channel.port2())]);
        let works = Rc::new(std::cell::Cell::new(false));
        let listeners = vec![
            {
                let (this, works) = (Rc::downgrade(self), works.clone());
                Listener::on(&worker, "message", move |event| {
                    let (Some(this), Ok(event)) =
                        (this.upgrade(), event.dyn_into::<MessageEvent>())
                    else {
                        return;
                    };
                    let Some(text) = js::get(&event.data(), "say").as_string() else {
                        return;
                    };
                    match serde_json::from_str(&text) {
                        Ok(Condition::Engine { engine }) => {
                            works.set(true);
                            (this.report)(engine);
                        }
                        Ok(Condition::Unfit { reason }) => this.fall_back(engine, &reason),
                        Err(error) => web_sys::console::error_2(
                            &format!("inference: {error}").into(),
                            &text.into(),
                        ),
                    }
                })
            },
            {
                let this = Rc::downgrade(self);
                Listener::on(&worker, "error", move |event| {
                    if let Some(this) = this.upgrade() {
                        this.fall_back(
                            engine,
                            &js::get(&event, "message").as_string().unwrap_or_default(),
                        );
                    }
                })
            },
        ];
        self.current.replace(Some((worker.clone(), listeners)));
        let this = self.clone();
        spawn_local(async move {
            js::sleep(PATIENCE).await;
            let still_this = this
                .current
                .borrow()
                .as_ref()
                .is_some_and(|(now, _)| *now == worker);
            if still_this && !works.get() {
                this.fall_back(engine, "it said nothing for a minute");
            }
        });
    }

    /// From the GPU to the CPU, from the CPU to plain frame differences.
    fn fall_back(self: &Rc<Self>, from: Engine, reason: &str) {
        web_sys::console::warn_1(&format!("the {from:?} engine is given up: {reason}").into());
        let this = self.clone();
        // Later, for the caller may be one of the listeners that end here.
        spawn_local(async move {
            if let Some((worker, listeners)) = this.current.take() {
                worker.terminate();
                drop(listeners);
            }
            if from == Engine::Gpu {
                this.run(this.config.worker_cpu.clone(), Engine::Cpu);
            } else {
                this.recorder.send(&Command::Attach, Vec::new());
                (this.report)(Engine::Plain);
            }
        });
    }
}
