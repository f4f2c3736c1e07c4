//! Where the network runs.

use domain::capture::Engine;

/// A place to run the network, and what to call it.
#[derive(Debug, Clone)]
pub struct Device {
    /// The GPU; `None` is the CPU.
    #[cfg(feature = "gpu")]
    pub(crate) gpu: Option<burn::tensor::Device>,
    engine: Engine,
    /// Whether every answer is lost, to test what follows a lost GPU.
    #[cfg(test)]
    pub(crate) fails: bool,
}

#[cfg(test)]
impl Device {
    /// Calls itself a GPU and never gives an answer.
    pub(crate) fn that_fails() -> Self {
        let mut device = cpu();
        device.engine = Engine::Gpu;
        device.fails = true;
        device
    }
}

impl Device {
    /// The name the studio shows.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Where tensors lie that belong to it; `None` is a CPU that this build computes no tensors on.
    #[cfg(any(feature = "transnet", all(test, feature = "flex")))]
    pub(crate) fn tensors(&self) -> Option<burn::tensor::Device> {
        #[cfg(feature = "gpu")]
        if let Some(gpu) = &self.gpu {
            return Some(gpu.clone());
        }
        #[cfg(feature = "flex")]
        {
            Some(burn::tensor::Device::flex())
        }
        #[cfg(not(feature = "flex"))]
        {
            None
        }
    }
}

/// The CPU: SIMD where the target has it (SIMD128 in the browser). Always there.
#[must_use]
pub fn cpu() -> Device {
    Device {
        #[cfg(feature = "gpu")]
        gpu: None,
        engine: Engine::Cpu,
        #[cfg(test)]
        fails: false,
    }
}

/// WebGPU (or Vulkan, Metal natively). Call once per worker, before anything else touches the GPU.
///
/// # Errors
/// A message for the log when there is no adapter or the build has no GPU code; run on [`cpu`] then.
#[cfg(feature = "gpu")]
pub async fn gpu() -> Result<Device, String> {
    let gpu = burn::tensor::Device::wgpu_options()
        .init_async()
        .await
        .map_err(|e| {
            format!("WebGPU could not be started ({e}); the analysis runs on the CPU instead.")
        })?;
    Ok(Device {
        gpu: Some(gpu),
        engine: Engine::Gpu,
        #[cfg(test)]
        fails: false,
    })
}

/// WebGPU is left out of this build.
///
/// # Errors
/// Always; run on [`cpu`].
#[cfg(not(feature = "gpu"))]
pub async fn gpu() -> Result<Device, String> {
    Err("This build has no WebGPU code; the analysis runs on the CPU instead.".to_owned())
}
