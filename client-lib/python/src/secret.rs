//! Secret bytes that are lent to Python where they lie, and wiped when they are done with.

use std::ffi::{c_int, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credex::{Import, Password};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::trouble::Trouble;

/// Something with secret bytes in it.
pub(crate) trait Content: Send + 'static {
    /// What it is called.
    const NAME: &'static str;

    /// The bytes of the part with this name; `None` is the part that every content has. They stay
    /// where they are as long as the content is not dropped.
    fn part(&self, id: Option<&str>) -> Option<&[u8]>;
}

impl Content for Import {
    const NAME: &'static str = "import";

    fn part(&self, id: Option<&str>) -> Option<&[u8]> {
        match id {
            None => Some(self.document()),
            Some(id) => self.attachment(id),
        }
    }
}

impl Content for Password {
    const NAME: &'static str = "password";

    fn part(&self, _id: Option<&str>) -> Option<&[u8]> {
        Some(self.expose().as_bytes())
    }
}

/// A content, and how many views of it Python has.
pub(crate) struct Held<C>(Mutex<(Option<C>, usize)>);

impl<C: Content> Held<C> {
    pub(crate) fn new(content: C) -> Arc<Self> {
        Arc::new(Self(Mutex::new((Some(content), 0))))
    }

    fn lock(&self) -> MutexGuard<'_, (Option<C>, usize)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the content.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&C) -> R) -> Result<R, Trouble> {
        let held = self.lock();
        held.0.as_ref().map(look).ok_or(Trouble::Used(C::NAME))
    }

    /// Takes the content for good.
    ///
    /// # Errors
    /// `BufferError` as long as there are views; `Closed`.
    pub(crate) fn take(&self, py: Python<'_>) -> PyResult<C> {
        let taken = self.take_if_there(py)?;
        taken.ok_or_else(|| Trouble::Used(C::NAME).into_exception(py))
    }

    /// Takes the content for good, if it is still there.
    ///
    /// # Errors
    /// `BufferError` as long as there are views.
    pub(crate) fn take_if_there(&self, py: Python<'_>) -> PyResult<Option<C>> {
        let taken = py.detach(|| {
            let mut held = self.lock();
            match held.1 {
                0 => Ok(held.0.take()),
                views => Err(views),
            }
        });
        taken.map_err(|views| {
            let sentence = format!("there are {views} memoryviews of it: release them first");
            PyBufferError::new_err(sentence)
        })
    }
}

/// What can be asked of any held content.
trait Lender: Send + Sync {
    /// One more view: where the bytes are, as long as there are views.
    fn lend(&self, id: Option<&str>) -> Result<(*const u8, usize), Trouble>;
    /// One view less.
    fn give_back(&self);
    fn len(&self, id: Option<&str>) -> Result<usize, Trouble>;
    fn wipe(&self, py: Python<'_>) -> PyResult<()>;
}

impl<C: Content> Lender for Held<C> {
    fn lend(&self, id: Option<&str>) -> Result<(*const u8, usize), Trouble> {
        let mut held = self.lock();
        let (content, views) = &mut *held;
        let part = content.as_ref().and_then(|content| content.part(id));
        let part = part.ok_or(Trouble::Used(C::NAME))?;
        *views += 1;
        Ok((part.as_ptr(), part.len()))
    }

    fn give_back(&self) {
        let views = &mut self.lock().1;
        *views = views.saturating_sub(1);
    }

    fn len(&self, id: Option<&str>) -> Result<usize, Trouble> {
        let len = self.look(|content| content.part(id).map(<[u8]>::len))?;
        len.ok_or(Trouble::Used(C::NAME))
    }

    fn wipe(&self, py: Python<'_>) -> PyResult<()> {
        self.take_if_there(py).map(drop)
    }
}

/// Secret bytes, lent as a read-only buffer where they lie. ``bytes(secret)`` makes a copy, which nobody
/// wipes.
#[pyclass(frozen, module = "credex._credex")]
pub(crate) struct Secret {
    lender: Arc<dyn Lender>,
    id: Option<String>,
}

impl Secret {
    /// The part of a content with this name.
    pub(crate) fn of<C: Content>(held: &Arc<Held<C>>, id: Option<String>) -> Self {
        let lender: Arc<dyn Lender> = Arc::clone(held) as _;
        Self { lender, id }
    }
}

#[pymethods]
impl Secret {
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        let len = self.lender.len(self.id.as_deref());
        len.map_err(|trouble| trouble.into_exception(py))
    }

    fn __bytes__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyBytes>> {
        let view = PyBuffer::<u8>::get(slf.as_any())?;
        PyBytes::new_with(slf.py(), view.len_bytes(), |copy| {
            view.copy_to_slice(slf.py(), copy)
        })
    }

    fn __repr__(&self) -> String {
        match self.lender.len(self.id.as_deref()) {
            Ok(len) => format!("<credex.Secret of {len} bytes>"),
            Err(_) => "<credex.Secret, wiped>".to_owned(),
        }
    }

    /// Lends the bytes, read-only, until the view is released: ``with secret.view() as text``.
    fn view<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyMemoryView>> {
        PyMemoryView::from(slf.as_any())
    }

    /// Wipes the bytes, and everything that came with them. An import that was not reported then tells
    /// the exporter that nothing came of it.
    fn wipe(&self, py: Python<'_>) -> PyResult<()> {
        self.lender.wipe(py)
    }

    /// SAFETY: what Python calls this with is what its buffer protocol says: `view` is null, or to be
    /// filled. The bytes that it is filled with stay where they are until `__releasebuffer__`, since a
    /// content with views is neither dropped nor taken; and `view` keeps this object, and with it the
    /// content, alive.
    #[allow(unsafe_code)]
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let secret = slf.get();
        let lent = secret.lender.lend(secret.id.as_deref());
        let (bytes, len) = lent.map_err(|trouble| trouble.into_exception(slf.py()))?;
        // SAFETY: see above; bytes in memory are fewer than `isize::MAX`.
        let failed = unsafe {
            ffi::PyBuffer_FillInfo(
                view,
                slf.as_ptr(),
                bytes.cast_mut().cast::<c_void>(),
                len as ffi::Py_ssize_t,
                1,
                flags,
            )
        };
        if failed == 0 {
            return Ok(());
        }
        secret.lender.give_back();
        Err(PyErr::fetch(slf.py()))
    }

    /// SAFETY: called once for each `__getbuffer__` that succeeded; `view` is not touched.
    #[allow(unsafe_code)]
    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.lender.give_back();
    }
}
