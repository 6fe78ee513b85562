//! `interfaces/*.xml`, parsed: what the tests of the documentation and of the proxies compare with.

#![allow(clippy::unwrap_used)]
// Each test program uses a part of it.
#![allow(dead_code)]

use credex_protocol::names::INTERFACES;
use zbus_xml::{Arg, ArgDirection, Node};

/// One interface.
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) methods: Vec<Member>,
    pub(crate) signals: Vec<Member>,
    /// Properties with their signatures.
    pub(crate) properties: Vec<(String, String)>,
    /// The file, comments and all.
    pub(crate) xml: &'static str,
}

/// A method, or a signal, which has no `outputs`.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) inputs: Vec<Argument>,
    pub(crate) outputs: Vec<Argument>,
}

/// A named argument.
#[derive(Clone)]
pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) signature: String,
}

/// All of them.
pub(crate) fn interfaces() -> Vec<Interface> {
    INTERFACES
        .iter()
        .map(|(name, xml)| read(name, xml))
        .collect()
}

fn read(name: &str, xml: &'static str) -> Interface {
    let node = Node::from_reader(xml.as_bytes()).unwrap_or_else(|why| panic!("{name}: {why}"));
    let [interface] = node.interfaces() else {
        panic!("{name}: its file must describe one interface");
    };
    assert_eq!(interface.name().as_str(), name);
    let methods = interface.methods().iter();
    let signals = interface.signals().iter();
    let properties = interface.properties().iter();
    Interface {
        name: name.to_owned(),
        methods: methods
            .map(|method| Member::new(method.name().as_str(), method.args()))
            .collect(),
        signals: signals
            .map(|signal| Member::new(signal.name().as_str(), signal.args()))
            .collect(),
        properties: properties
            .map(|property| (property.name().to_string(), property.ty().to_string()))
            .collect(),
        xml,
    }
}

impl Interface {
    /// `Export` of `org.credex.Exchange1.Export`.
    pub(crate) fn short_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap()
    }

    /// Methods, then signals.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.methods.iter().chain(&self.signals)
    }
}

impl Member {
    fn new(name: &str, args: &[Arg]) -> Member {
        let (outputs, inputs): (Vec<_>, Vec<_>) = args
            .iter()
            .partition(|arg| arg.direction() == Some(ArgDirection::Out));
        let read = |args: Vec<&Arg>| args.into_iter().map(Argument::new).collect();
        Member {
            name: name.to_owned(),
            inputs: read(inputs),
            outputs: read(outputs),
        }
    }

    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.inputs.iter().chain(&self.outputs)
    }
}

impl Argument {
    fn new(arg: &Arg) -> Argument {
        Argument {
            name: arg.name().unwrap_or_default().to_owned(),
            signature: arg.ty().to_string(),
        }
    }
}

/// `sa{sv}` of two arguments.
pub(crate) fn signature(arguments: &[Argument]) -> String {
    arguments
        .iter()
        .map(|argument| argument.signature.as_str())
        .collect()
}
