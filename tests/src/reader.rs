//! The windows as a screen reader sees them: the tree of accessible objects (AT-SPI), and the actions
//! that it offers.
//!
//! GTK 4.8 announces only some of what changes in the tree, so it is looked at until it is as it
//! should be.

use std::collections::VecDeque;

use zbus::Connection;
use zbus::zvariant::OwnedObjectPath;

use crate::desktop::Desktop;
use crate::patience::DEADLINE;

/// How often the tree is looked at.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(10);

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const ACTION: &str = "org.a11y.atspi.Action";
const COMPONENT: &str = "org.a11y.atspi.Component";
const EDITABLE_TEXT: &str = "org.a11y.atspi.EditableText";
const TEXT: &str = "org.a11y.atspi.Text";
const REGISTRY: &str = "org.a11y.atspi.Registry";
const ROOT: &str = "/org/a11y/atspi/accessible/root";

/// Bits of a state set, from atspi-constants.h.
const FOCUSED: u32 = 12;
const SENSITIVE: u32 = 24;
const SHOWING: u32 = 25;
const VISIBLE: u32 = 30;
const CHECKED: u32 = 4;
const FOCUSABLE: u32 = 11;

/// A screen reader.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

/// An object in a window.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    at: (String, OwnedObjectPath),
    /// `button`, `radio button`, `label` and so on.
    pub role: String,
    /// What it is called.
    pub name: String,
    /// What else is said of it.
    pub description: String,
    /// What can be done with it.
    pub actions: u32,
    states: u64,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let marks = [
            (self.is_visible(), "visible"),
            (self.is_sensitive(), "sensitive"),
            (self.is_focused(), "focused"),
            (self.is_checked(), "checked"),
            (self.actions > 0, "active"),
        ];
        let marks = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word);
        let marks: Vec<&str> = marks.collect();
        write!(
            f,
            "{} {:?} ({:?}) {}",
            self.role,
            self.name,
            self.description,
            marks.join(" ")
        )
    }
}

impl Object {
    fn is(&self, state: u32) -> bool {
        self.states & (1 << state) != 0
    }

    /// Whether it has the keyboard.
    pub fn is_focused(&self) -> bool {
        self.is(FOCUSED)
    }

    /// Whether it can be used now.
    pub fn is_sensitive(&self) -> bool {
        self.is(SENSITIVE)
    }

    /// Whether it is shown. GTK 4.8 does not tell what has been scrolled away.
    pub fn is_visible(&self) -> bool {
        self.is(VISIBLE)
    }

    /// Whether it is shown, and all that it is in.
    pub fn is_showing(&self) -> bool {
        self.is(SHOWING)
    }

    /// Whether it is checked.
    pub fn is_checked(&self) -> bool {
        self.is(CHECKED)
    }

    /// Whether the keyboard can come to it.
    pub fn is_focusable(&self) -> bool {
        self.is(FOCUSABLE)
    }
}

impl Reader {
    /// Listens to the windows on `desktop`.
    pub async fn on(desktop: &Desktop) -> Reader {
        let session = desktop.bus.connect().await;
        let answer = session
            .call_method(
                Some("org.a11y.Bus"),
                "/org/a11y/bus",
                Some("org.a11y.Bus"),
                "GetAddress",
                &(),
            )
            .await
            .expect("the bus of accessibility starts");
        let address: String = answer.body().deserialize().unwrap();
        let address: zbus::Address = address.as_str().try_into().expect("its address is one");
        let builder = zbus::connection::Builder::address(address).unwrap();
        let connection = builder
            .build()
            .await
            .expect("the bus of accessibility is there");
        Reader { connection }
    }

    /// All that is in windows now, from top to bottom.
    pub async fn objects(&self) -> Vec<Object> {
        let root = OwnedObjectPath::try_from(ROOT).unwrap();
        let mut left = VecDeque::from([(REGISTRY.to_owned(), root)]);
        let mut objects = Vec::new();
        while let Some(at) = left.pop_front() {
            // Whatever is gone in between is not there.
            let Ok(children) = self.children(&at).await else {
                continue;
            };
            for child in children.into_iter().rev() {
                left.push_front(child);
            }
            if let Ok(object) = self.object(at).await {
                objects.push(object);
            }
        }
        objects
    }

    /// Waits until there is an object of this role with `name` in its name, on the screen.
    pub async fn find(&self, role: &str, name: &str) -> Object {
        let what = format!("the {role} “{name}”");
        self.until(&what, |objects| {
            let mut shown = objects.iter().filter(|object| object.is_visible());
            shown
                .find(|object| object.role == role && object.name.contains(name))
                .cloned()
        })
        .await
    }

    /// Does `something` again and again until there is such an object: for what a window ignores while
    /// it is new.
    pub async fn find_while(&self, role: &str, name: &str, something: impl Fn()) -> Object {
        let what = format!("the {role} “{name}”");
        self.until(&what, |objects| {
            let mut shown = objects.iter().filter(|object| object.is_visible());
            let found = shown.find(|object| object.role == role && object.name.contains(name));
            if found.is_none() {
                something();
            }
            found.cloned()
        })
        .await
    }

    /// Waits until there is such an object, and it can be used.
    pub async fn ready(&self, role: &str, name: &str) -> Object {
        let what = format!("the {role} “{name}” to be ready");
        self.until(&what, |objects| {
            let mut ready = objects
                .iter()
                .filter(|o| o.is_visible() && o.is_sensitive());
            ready
                .find(|o| o.role == role && o.name.contains(name) && o.actions > 0)
                .cloned()
        })
        .await
    }

    /// Presses the button, or turns the switch, with `name` in its name, once it can be.
    pub async fn press(&self, role: &str, name: &str) {
        // A page that is on its way out may still have one of that name.
        while !self.act(&self.ready(role, name).await).await {}
    }

    /// Gives `object` the keyboard that its window has; whether it was there and took it.
    pub async fn focus(&self, object: &Object) -> bool {
        self.ask(object, COMPONENT, "GrabFocus", &()).await
    }

    /// Replaces the text in `object`; whether it was there and let that happen.
    pub async fn fill_in(&self, object: &Object, text: &str) -> bool {
        self.ask(object, EDITABLE_TEXT, "SetTextContents", &text)
            .await
    }

    /// The text in `object`. `None` if it has none, or is gone.
    pub async fn text(&self, object: &Object) -> Option<String> {
        let (name, path) = &object.at;
        let (name, all) = (Some(name.as_str()), (0_i32, -1_i32));
        let call = self
            .connection
            .call_method(name, path, Some(TEXT), "GetText", &all);
        call.await.ok()?.body().deserialize().ok()
    }

    /// Waits until the windows are as `look` wants them.
    pub async fn until<T>(&self, what: &str, look: impl Fn(&[Object]) -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            let objects = self.objects().await;
            if let Some(found) = look(&objects) {
                return found;
            }
            if tokio::time::Instant::now() >= deadline {
                panic!("{what}: not within {DEADLINE:?}; there are {objects:#?}");
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Does what can be done with `object`; whether it was there and did it.
    async fn act(&self, object: &Object) -> bool {
        self.ask(object, ACTION, "DoAction", &0_i32).await
    }

    /// Calls what answers whether it worked; not if `object` is gone.
    async fn ask(
        &self,
        object: &Object,
        interface: &str,
        method: &str,
        body: &(impl serde::Serialize + zbus::zvariant::DynamicType),
    ) -> bool {
        let (name, path) = &object.at;
        let name = Some(name.as_str());
        let call = self
            .connection
            .call_method(name, path, Some(interface), method, body);
        match call.await {
            Ok(answer) => answer.body().deserialize().unwrap(),
            Err(_) => false,
        }
    }

    async fn children(
        &self,
        at: &(String, OwnedObjectPath),
    ) -> zbus::Result<Vec<(String, OwnedObjectPath)>> {
        let answer = self.call(at, "GetChildren").await?;
        answer.body().deserialize()
    }

    async fn object(&self, at: (String, OwnedObjectPath)) -> zbus::Result<Object> {
        let role: String = self.call(&at, "GetRoleName").await?.body().deserialize()?;
        let states: Vec<u32> = self.call(&at, "GetState").await?.body().deserialize()?;
        let states = states
            .iter()
            .rev()
            .fold(0, |all, word| all << 32 | u64::from(*word));
        let name = self.property(&at, ACCESSIBLE, "Name").await?;
        let description = self.property(&at, ACCESSIBLE, "Description").await?;
        let actions = self.property(&at, ACTION, "NActions").await;
        Ok(Object {
            role,
            name: name.try_into().unwrap_or_default(),
            description: description.try_into().unwrap_or_default(),
            actions: actions
                .ok()
                .and_then(|n| i32::try_from(n).ok())
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0),
            states,
            at,
        })
    }

    async fn call(
        &self,
        at: &(String, OwnedObjectPath),
        method: &str,
    ) -> zbus::Result<zbus::Message> {
        let (name, path) = at;
        self.connection
            .call_method(Some(name.as_str()), path, Some(ACCESSIBLE), method, &())
            .await
    }

    async fn property(
        &self,
        at: &(String, OwnedObjectPath),
        interface: &str,
        property: &str,
    ) -> zbus::Result<zbus::zvariant::OwnedValue> {
        let (name, path) = at;
        let properties = Some("org.freedesktop.DBus.Properties");
        let which = (interface, property);
        let answer =
            self.connection
                .call_method(Some(name.as_str()), path, properties, "Get", &which);
        answer.await?.body().deserialize()
    }
}
