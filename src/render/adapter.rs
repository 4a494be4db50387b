//! Which graphics adapters there are, which one is taken and why, and what to do where there is none.

use bevy::render::renderer::{
    RenderAdapter, RenderAdapterInfo, RenderDevice, RenderInstance, RenderQueue, WgpuWrapper,
};
use bevy::render::settings::RenderResources;
use bevy::tasks::block_on;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use wgpu::{DeviceType, Features};

use super::RenderError;

/// What is known of an adapter before it is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdapterReport {
    /// As the driver names it.
    pub name: String,
    /// `DiscreteGpu`, `IntegratedGpu`, `VirtualGpu`, `Cpu` (a software driver) or `Other`.
    pub kind: String,
    /// Name of the driver.
    pub driver: String,
    /// Its version, as it gives it.
    pub driver_info: String,
    /// `Vulkan`.
    pub backend: String,
}

impl AdapterReport {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        Self {
            name: info.name,
            kind: format!("{:?}", info.device_type),
            driver: info.driver,
            driver_info: info.driver_info,
            backend: format!("{:?}", info.backend),
        }
    }

    /// Whether frames are drawn by the processor.
    pub fn is_software(&self) -> bool {
        self.kind == "Cpu"
    }

    /// One line for people.
    pub fn summary(&self) -> String {
        format!("{} ({}, {} {})", self.name, self.kind, self.driver, self.driver_info)
    }
}

/// Which adapter to take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AdapterChoice {
    /// A discrete GPU before an integrated one before a virtual one before a software driver.
    #[default]
    Best,
    /// The software driver.
    Software,
    /// The first whose name holds this text, whatever the case.
    Named(String),
}

impl AdapterChoice {
    /// Reads the value of `--adapter`: `auto`, `software`, or part of a name.
    pub fn parse(text: &str) -> Self {
        match text.to_lowercase().as_str() {
            "" | "auto" | "best" => Self::Best,
            "software" | "cpu" => Self::Software,
            other => Self::Named(other.to_owned()),
        }
    }
}

/// What `doctor` tells: every adapter, the one that would be taken, and why or why not.
#[derive(Debug)]
pub struct Diagnosis {
    /// Every adapter the Vulkan loader shows.
    pub adapters: Vec<AdapterReport>,
    /// Position in `adapters` of the one that `choice` takes.
    pub chosen: Option<usize>,
    /// Why that one, or what to do.
    pub reason: String,
}

fn instance() -> wgpu::Instance {
    // Vulkan only: one path through the driver on every machine, and no probing of a display that is not there.
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::VULKAN;
    descriptor.flags = wgpu::InstanceFlags::empty().with_env();
    wgpu::Instance::new(descriptor)
}

fn rank(kind: DeviceType) -> u8 {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

fn choose(adapters: &[wgpu::Adapter], choice: &AdapterChoice) -> Option<usize> {
    let candidates = adapters.iter().enumerate().filter(|(_, adapter)| {
        let info = adapter.get_info();
        match choice {
            AdapterChoice::Best => true,
            AdapterChoice::Software => info.device_type == DeviceType::Cpu,
            AdapterChoice::Named(name) => info.name.to_lowercase().contains(&name.to_lowercase()),
        }
    });
    // Ties keep the loader's order.
    candidates.min_by_key(|(position, adapter)| (rank(adapter.get_info().device_type), *position)).map(|(i, _)| i)
}

/// Looks at the machine's adapters without opening one.
pub fn diagnose(choice: &AdapterChoice) -> Diagnosis {
    let adapters = block_on(instance().enumerate_adapters(wgpu::Backends::VULKAN));
    let reports: Vec<_> = adapters.iter().map(AdapterReport::of).collect();
    let chosen = choose(&adapters, choice);
    let reason = match (chosen, choice) {
        (Some(i), AdapterChoice::Best) if reports[i].is_software() => {
            format!("it is the only kind there is: no GPU is visible to Vulkan.{}", gpu_hints())
        }
        (Some(_), AdapterChoice::Best) => {
            "a GPU comes before a software driver, and a discrete GPU before others".into()
        }
        (Some(_), AdapterChoice::Software) => "a software driver was asked for".into(),
        (Some(_), AdapterChoice::Named(name)) => format!("its name holds `{name}`"),
        (None, _) => missing_adapter(&reports, choice),
    };
    Diagnosis { adapters: reports, chosen, reason }
}

/// Opens the chosen adapter. Only features that every adapter of interest has are turned on, so that a GPU and a
/// software driver run the same shaders.
pub(super) fn open(choice: &AdapterChoice) -> Result<(RenderResources, AdapterReport), RenderError> {
    let instance = instance();
    let mut adapters = block_on(instance.enumerate_adapters(wgpu::Backends::VULKAN));
    let Some(index) = choose(&adapters, choice) else {
        let reports: Vec<_> = adapters.iter().map(AdapterReport::of).collect();
        return Err(RenderError::NoAdapter(missing_adapter(&reports, choice)));
    };
    let adapter = adapters.swap_remove(index);
    let report = AdapterReport::of(&adapter);
    let wanted = Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES
        | Features::DEPTH_CLIP_CONTROL
        | Features::FLOAT32_FILTERABLE
        | Features::INDIRECT_FIRST_INSTANCE;
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("scenewright"),
        required_features: adapter.features() & wanted,
        required_limits: adapter.limits(),
        ..Default::default()
    };
    let (device, queue) = block_on(adapter.request_device(&descriptor))
        .map_err(|error| RenderError::Device { adapter: report.summary(), reason: error.to_string() })?;
    let info = adapter.get_info();
    let resources = RenderResources(
        RenderDevice::from(device),
        RenderQueue(Arc::new(WgpuWrapper::new(queue))),
        RenderAdapterInfo(WgpuWrapper::new(info)),
        RenderAdapter(Arc::new(WgpuWrapper::new(adapter))),
        RenderInstance(Arc::new(WgpuWrapper::new(instance))),
    );
    Ok((resources, report))
}

/// What to type where there is no adapter, or not the one asked for.
fn missing_adapter(seen: &[AdapterReport], choice: &AdapterChoice) -> String {
    let mut text = match choice {
        AdapterChoice::Best => "no Vulkan adapter was found.".to_owned(),
        AdapterChoice::Software => "no software Vulkan driver was found.".to_owned(),
        AdapterChoice::Named(name) => format!("no Vulkan adapter has `{name}` in its name."),
    };
    if !seen.is_empty() {
        text.push_str(" These are here:");
        for report in seen {
            let _ = write!(text, "\n  {}", report.summary());
        }
        text.push_str("\n  Pass part of one of these names to --adapter, or `software`.");
    }
    let icds = installed_drivers();
    if icds.is_empty() {
        text.push_str(
            "\n  No Vulkan driver is installed. On Debian or Ubuntu, `apt-get install mesa-vulkan-drivers libvulkan1` \
             brings a software driver and those of AMD and Intel; an NVIDIA card needs NVIDIA's own driver.",
        );
    } else if seen.is_empty() {
        let _ = write!(
            text,
            "\n  Drivers are declared in {}, but none of them started. Is the Vulkan loader there (libvulkan.so.1; on Debian or \
             Ubuntu, `apt-get install libvulkan1`)?",
            icds.join(", ")
        );
    }
    text.push_str(&gpu_hints());
    text
}

/// What keeps an NVIDIA card from being seen, most of all in containers.
fn gpu_hints() -> String {
    let mut text = String::new();
    let has_device = Path::new("/dev/nvidiactl").exists();
    let has_icd = installed_drivers().iter().any(|icd| icd.contains("nvidia"));
    if has_device && !has_icd {
        text.push_str(
            "\n  An NVIDIA card is here (/dev/nvidiactl), but its Vulkan driver file (nvidia_icd.json) is not. In a \
             container, start it with NVIDIA_DRIVER_CAPABILITIES=all (the `graphics` capability is what is missing) and \
             install libvulkan1; on a plain machine, install the libnvidia-gl package of your driver's version. MIG \
             slices have no Vulkan.",
        );
    }
    for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        if let Ok(value) = std::env::var(variable) {
            let _ = write!(text, "\n  {variable} is set to `{value}`: the loader looks at these driver files alone.");
        }
    }
    text
}

/// Driver files where the Vulkan loader looks for them, sorted.
fn installed_drivers() -> Vec<String> {
    let folders = ["/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
    let mut files: Vec<String> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().display().to_string()))
        .filter(|path| path.ends_with(".json"))
        .collect();
    files.sort();
    files
}
