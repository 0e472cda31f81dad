use std::ffi::{c_void, CString};
use std::fmt;
use std::fs;
use std::os::raw::{c_char, c_int};
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use crate::error::{check, text, Error, Result, Status};
use crate::ffi;
use crate::network::Network;
use crate::number::{Number, Type};

/// The first bytes of a binary file of weights.
const MAGIC: &[u8] = b"\x89LOOM\r\n\x1a";

/// How a model is to be made from a description; [`Model::options`] begins one.
///
/// ```
/// # fn main() -> loom::Result<()> {
/// let json = r#"{"id": "xor", "layers": [{"type": "dense", "input_size": 2, "output_size": 1}]}"#;
/// let model = loom::Model::options().training(true).loss("mae").from_json(json)?;
/// assert!(model.can_train());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    element: Option<Type>,
    train: c_int,
    id: Option<String>,
    loss: Option<String>,
    clip_norm: f64,
    name: Option<String>,
}

impl Options {
    /// The type of all numbers, instead of the description's.
    pub fn element(mut self, element: Type) -> Options {
        self.element = Some(element);
        self
    }

    /// The model can train.
    pub fn training(mut self, yes: bool) -> Options {
        self.train = if yes { self.train.max(1) } else { 0 };
        self
    }

    /// The model can train and keeps its gradients, so that [`Network::backward`] works.
    pub fn gradients(mut self, yes: bool) -> Options {
        self.train = if yes { 2 } else { self.train.min(1) };
        self
    }

    /// The model of that id in a bundle with several, instead of the first.
    pub fn id(mut self, id: impl Into<String>) -> Options {
        self.id = Some(id.into());
        self
    }

    /// The loss, instead of that under "training": `"mse"`, `"cross_entropy"`, ...
    pub fn loss(mut self, loss: impl Into<String>) -> Options {
        self.loss = Some(loss.into());
        self
    }

    /// The longest that the gradient may be, instead of that under "training".
    pub fn clip_norm(mut self, length: f64) -> Options {
        self.clip_norm = length;
        self
    }

    /// What messages call the text.
    pub fn name(mut self, name: impl Into<String>) -> Options {
        self.name = Some(name.into());
        self
    }

    /// Makes the model from JSON: a description, or a bundle, which has the weights too.
    ///
    /// # Errors
    /// [`Status::Description`]: not JSON, or not a network; the error says where. [`Status::NotFound`]: the bundle has no
    /// model of that id, or (without libloom) no such model is compiled in. [`Status::Argument`]: an option is wrong.
    pub fn from_json(&self, json: &str) -> Result<Model> {
        let id = self.id.as_deref().map(|s| c_text("id", s)).transpose()?;
        let loss = self.loss.as_deref().map(|s| c_text("loss", s)).transpose()?;
        let name = self.name.as_deref().map(|s| c_text("name", s)).transpose()?;
        let at = |s: &Option<CString>| s.as_ref().map_or(ptr::null(), |s| s.as_ptr());
        let options = ffi::Options {
            kind: self.element.map_or(0, Type::code),
            train: self.train,
            id: at(&id),
            loss: at(&loss),
            clip_norm: self.clip_norm,
            name: at(&name),
        };
        let (mut m, mut e) = (ptr::null(), ffi::Error::none());
        let code = unsafe { ffi::loom_model_from_json(json.as_ptr().cast(), json.len(), &options, &mut m, &mut e) };
        if code < 0 {
            return Err(e.take());
        }
        let weights = if is_bundle(json) { Weights::Bundle(json.into(), id) } else { Weights::OfModel };
        Ok(Model { inner: Arc::new(Inner { m, weights }) })
    }

    /// The same from a file: JSON, or a binary file with its description, whose weights every network then starts with.
    ///
    /// # Errors
    /// As [`Options::from_json`]; [`Status::Io`]: the file cannot be read; [`Status::Format`], [`Status::Checksum`]: it is
    /// damaged, or has no description.
    pub fn from_file(&self, path: impl AsRef<Path>) -> Result<Model> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|e| Error::io(path, &e))?;
        let name = path.display().to_string();
        let named = if self.name.is_some() { self.clone() } else { self.clone().name(name.replace('\0', "")) };
        if bytes.starts_with(MAGIC) {
            let description = description_of(&bytes, &name)?;
            let mut model = named.from_json(&description)?;
            Arc::get_mut(&mut model.inner).expect("it is new").weights = Weights::File(bytes);
            return Ok(model);
        }
        let json = String::from_utf8(bytes)
            .map_err(|_| Error::new(Status::Format, &name, format!("{name}: neither JSON in UTF-8 nor a binary file of weights")))?;
        named.from_json(&json)
    }
}

/// The description that a binary file holds.
fn description_of(bytes: &[u8], name: &str) -> Result<String> {
    let mut file = std::mem::MaybeUninit::<ffi::File>::uninit();
    check(unsafe { ffi::loom_file_open(bytes.as_ptr().cast(), bytes.len(), file.as_mut_ptr()) }, name)?;
    let file = unsafe { file.assume_init() };
    let text = if file.description_size == 0 {
        return Err(Error::new(
            Status::Format,
            name,
            format!("{name} holds weights without a description: make the model from its JSON, then load the file"),
        ));
    } else {
        unsafe { std::slice::from_raw_parts(file.description.cast::<u8>(), file.description_size) }
    };
    String::from_utf8(text.to_vec()).map_err(|_| Error::new(Status::Format, name, format!("{name}: the description is not UTF-8")))
}

fn is_bundle(json: &str) -> bool {
    json.contains("\"modelhost/bundle\"")
}

pub(crate) fn c_text(what: &str, s: &str) -> Result<CString> {
    CString::new(s).map_err(|_| Error::new(Status::Argument, what, format!("'{what}' has a zero byte")))
}

/// A network: its sizes, its tensors, and what runs it. It is constant, cheap to clone, and shared by all threads; what
/// runs is a [`Network`], of which there may be any number.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Inner>,
}

struct Inner {
    m: *const ffi::loom_model,
    weights: Weights,
}

/// What a new instance starts with.
enum Weights {
    OfModel,
    File(Vec<u8>),
    Bundle(String, Option<CString>),
}

// A model is constant: any thread may use and free it.
unsafe impl Send for Inner {}
unsafe impl Sync for Inner {}

impl Drop for Inner {
    fn drop(&mut self) {
        unsafe { ffi::loom_model_free(self.m) }
    }
}

/// What a model says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The network's name.
    pub id: String,
    /// The type of its numbers.
    pub element: Type,
    /// Samples in one call.
    pub batch: usize,
    /// The dimensions of one call's input; the batch is the first.
    pub input_shape: Vec<usize>,
    /// The dimensions of one call's output.
    pub output_shape: Vec<usize>,
    /// Weights, counted as numbers.
    pub parameters: usize,
    /// Bytes of one running copy: of a compiled model all of its memory.
    pub instance_size: usize,
    /// [`Network::train`] works.
    pub can_train: bool,
    /// [`Network::backward`] works.
    pub can_backward: bool,
}

/// What a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// A weight that training changes, or a statistic of batch_norm.
    Param,
    /// Of the optimiser.
    Memory,
    /// Kept from call to call, until [`Network::reset`].
    State,
    /// The sum of the gradients since the last update, when they are kept.
    Gradient,
    /// A weight that nothing changes.
    Frozen,
}

/// A tensor of a model: its numbers lie row-major in each network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Unique in the model: `first_kernel`.
    pub name: String,
    /// The path of the layer that it belongs to; empty when to none.
    pub layer: String,
    /// What it is.
    pub role: Role,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its numbers: the product of the dimensions.
    pub size: usize,
}

impl Model {
    /// How to make a model in another way than its description says.
    pub fn options() -> Options {
        Options::default()
    }

    /// A model for inference from a description or a bundle. See [`Options::from_json`].
    ///
    /// # Errors
    /// As [`Options::from_json`].
    pub fn from_json(json: &str) -> Result<Model> {
        Options::default().from_json(json)
    }

    /// A model for inference from a file. See [`Options::from_file`].
    ///
    /// # Errors
    /// As [`Options::from_file`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Model> {
        Options::default().from_file(path)
    }

    /// A compiled model, from the function that `loomc compile --abi` makes for it.
    ///
    /// ```ignore
    /// extern "C" {
    ///     fn digits_model() -> *const loom::ffi::loom_model;
    /// }
    /// let model = unsafe { loom::Model::compiled(digits_model()) }?;
    /// ```
    ///
    /// # Errors
    /// [`Status::Abi`]: compiled for another version of the interface. [`Status::Argument`]: NULL.
    ///
    /// # Safety
    /// `m` is NULL or points to a model that stays as it is until the program ends.
    pub unsafe fn compiled(m: *const ffi::loom_model) -> Result<Model> {
        if m.is_null() {
            return Err(Error::new(Status::Argument, "m", "the pointer to the compiled model is NULL"));
        }
        if (*m).abi != ffi::ABI || ffi::loom_abi() != ffi::ABI {
            return Err(Error::from_code(-12, "a compiled model"));
        }
        Ok(Model { inner: Arc::new(Inner { m, weights: Weights::OfModel }) })
    }

    /// A compiled model in a shared library, made with `cc -shared` from what `loomc compile --abi` writes. Without an id it
    /// is that of the file's name, `lib<id>.so`. The library stays loaded.
    ///
    /// # Errors
    /// [`Status::Io`]: it cannot be loaded. [`Status::NotFound`]: it has no `<id>_model`. Others as [`Model::compiled`].
    ///
    /// # Safety
    /// Loading a library runs its code; its `<id>_model` must be what loomc makes.
    #[cfg(unix)]
    pub unsafe fn from_library(path: impl AsRef<Path>, id: Option<&str>) -> Result<Model> {
        extern "C" {
            fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
            fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
            fn dlerror() -> *const c_char;
        }
        const RTLD_NOW: c_int = 2;
        use std::os::unix::ffi::OsStrExt;
        let path = path.as_ref();
        let name = CString::new(path.as_os_str().as_bytes())
            .map_err(|_| Error::new(Status::Argument, "path", "'path' has a zero byte"))?;
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let id = id.unwrap_or_else(|| stem.strip_prefix("lib").unwrap_or(stem));
        let symbol = c_text("id", &format!("{id}_model"))?;
        let library = dlopen(name.as_ptr(), RTLD_NOW);
        if library.is_null() {
            return Err(Error::new(Status::Io, &path.display().to_string(), text(dlerror())));
        }
        let function = dlsym(library, symbol.as_ptr());
        if function.is_null() {
            let message = format!("{} has no function {id}_model: is the network's id '{id}', compiled with --abi?", path.display());
            return Err(Error::new(Status::NotFound, &path.display().to_string(), message));
        }
        let function: extern "C" fn() -> *const ffi::loom_model = std::mem::transmute(function);
        Model::compiled(function())
    }

    /// Lets [`Model::from_json`] find this compiled model by its id or its description, in a program without libloom.
    ///
    /// # Errors
    /// [`Status::Exists`]: another one of that id and type is known. [`Status::Space`]: there are too many.
    ///
    /// # Safety
    /// No other thread may call this or make models at the same time: nothing is locked.
    pub unsafe fn register(&self) -> Result<()> {
        check(ffi::loom_register(self.ptr()), "register")
    }

    /// A running copy of the network, with weights as the model has them and all else zero. `T` must be the type of the
    /// model's numbers.
    ///
    /// # Errors
    /// [`Status::Argument`]: it is not. [`Status::Memory`]. [`Status::Subnormals`]: something switched subnormal numbers off
    /// in this thread.
    pub fn network<T: Number>(&self) -> Result<Network<T>> {
        let found = self.element();
        if found != T::TYPE {
            let message = format!("'{}' computes in {found}, not in {}", self.id(), T::TYPE);
            return Err(Error::new(Status::Argument, "T", message));
        }
        let mut network = Network::new(self.clone())?;
        match &self.inner.weights {
            Weights::OfModel => (),
            Weights::File(bytes) => network.load(bytes)?,
            Weights::Bundle(json, id) => network.take_bundle(json, id.as_deref())?,
        }
        Ok(network)
    }

    /// The network's name.
    pub fn id(&self) -> String {
        text(unsafe { ffi::loom_model_id(self.ptr()) })
    }

    /// The network as JSON.
    pub fn description(&self) -> String {
        text(unsafe { ffi::loom_model_description(self.ptr()) })
    }

    /// The type of all its numbers.
    pub fn element(&self) -> Type {
        Type::from_code(unsafe { ffi::loom_model_type(self.ptr()) })
    }

    /// Samples in one call: the first dimension of input and output.
    pub fn batch(&self) -> usize {
        unsafe { ffi::loom_model_batch(self.ptr()) }
    }

    /// The dimensions of one call's input.
    pub fn input_shape(&self) -> Vec<usize> {
        let m = self.ptr();
        unsafe { (0..ffi::loom_input_rank(m)).map(|i| ffi::loom_input_dim(m, i)).collect() }
    }

    /// The dimensions of one call's output.
    pub fn output_shape(&self) -> Vec<usize> {
        let m = self.ptr();
        unsafe { (0..ffi::loom_output_rank(m)).map(|i| ffi::loom_output_dim(m, i)).collect() }
    }

    /// Numbers in one call's input.
    pub fn input_size(&self) -> usize {
        unsafe { ffi::loom_input_size(self.ptr()) }
    }

    /// Numbers in one call's output.
    pub fn output_size(&self) -> usize {
        unsafe { ffi::loom_output_size(self.ptr()) }
    }

    /// [`Network::train`] works.
    pub fn can_train(&self) -> bool {
        unsafe { ffi::loom_can_train(self.ptr()) != 0 }
    }

    /// [`Network::backward`] and [`Network::update`] work.
    pub fn can_backward(&self) -> bool {
        unsafe { ffi::loom_can_backward(self.ptr()) != 0 }
    }

    /// Weights, counted as numbers.
    pub fn parameters(&self) -> usize {
        let weight = |t: &Tensor| matches!(t.role, Role::Param | Role::Frozen);
        self.tensors().iter().filter(|t| weight(t)).map(|t| t.size).sum()
    }

    /// All of it at once.
    pub fn info(&self) -> Info {
        Info {
            id: self.id(),
            element: self.element(),
            batch: self.batch(),
            input_shape: self.input_shape(),
            output_shape: self.output_shape(),
            parameters: self.parameters(),
            instance_size: unsafe { ffi::loom_instance_size(self.ptr()) },
            can_train: self.can_train(),
            can_backward: self.can_backward(),
        }
    }

    /// Its tensors, in their order.
    pub fn tensors(&self) -> Vec<Tensor> {
        (0..self.tensor_count()).map(|i| self.tensor(i)).collect()
    }

    pub(crate) fn tensor_count(&self) -> c_int {
        unsafe { ffi::loom_tensor_count(self.ptr()) }
    }

    pub(crate) fn tensor(&self, i: c_int) -> Tensor {
        let m = self.ptr();
        unsafe {
            Tensor {
                name: text(ffi::loom_tensor_name(m, i)),
                layer: text(ffi::loom_tensor_layer(m, i)),
                role: self.tensor_role(i),
                shape: (0..ffi::loom_tensor_rank(m, i)).map(|k| ffi::loom_tensor_dim(m, i, k)).collect(),
                size: ffi::loom_tensor_size(m, i),
            }
        }
    }

    pub(crate) fn tensor_role(&self, i: c_int) -> Role {
        match unsafe { ffi::loom_tensor_role(self.ptr(), i) } {
            1 => Role::Param,
            2 => Role::Memory,
            3 => Role::State,
            4 => Role::Gradient,
            _ => Role::Frozen,
        }
    }

    pub(crate) fn ptr(&self) -> *const ffi::loom_model {
        self.inner.m
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info().fmt(f)
    }
}
