//! Each proxy of `src/proxy` is its `interfaces/*.xml`: the same methods, signals and properties, with
//! the same D-Bus signatures. Read out of the source, so that nothing has to be listed twice.

#![allow(clippy::panic, clippy::unwrap_used)]

mod described;

use std::collections::BTreeMap;
use std::path::Path;

use credex_protocol::{names, wire};
use described::{Interface, interfaces, signature};
use syn::{Attribute, FnArg, GenericArgument, Item, PathArguments, ReturnType, Type};
use zbus::zvariant::Type as WireType;

/// What a proxy says of itself, by interface.
struct Proxy {
    interface: String,
    service: Option<String>,
    path: Option<String>,
    members: Vec<Member>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Method,
    Signal,
    Property,
}

/// A member with its signatures in and out.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    kind: Kind,
    name: String,
    inputs: String,
    outputs: String,
}

#[test]
fn every_proxy_has_exactly_the_members_of_its_interface() {
    let mut proxies: BTreeMap<String, Proxy> = proxies()
        .into_iter()
        .map(|proxy| (proxy.interface.clone(), proxy))
        .collect();
    for interface in interfaces() {
        let proxy = proxies.remove(&interface.name);
        let mut proxied = proxy.unwrap_or_else(|| panic!("no proxy of {}", interface.name));
        let mut expected = members(&interface);
        proxied.members.sort();
        expected.sort();
        assert_eq!(proxied.members, expected, "{}", interface.name);
    }
    assert!(proxies.is_empty(), "{:?} have no XML", proxies.keys());
}

#[test]
fn every_proxy_of_the_service_finds_the_service() {
    for proxy in proxies() {
        let ours = proxy.interface.starts_with(names::BUS_NAME);
        let (service, path) = (proxy.service.as_deref(), proxy.path.as_deref());
        assert_eq!(
            service,
            ours.then_some(names::BUS_NAME),
            "{}",
            proxy.interface
        );
        let expected = match proxy.interface.as_str() {
            names::EXPORT | names::IMPORT | names::WEB_CREDENTIALS | names::STATUS => {
                Some(names::SERVICE_PATH)
            }
            names::IMPORTER => Some(names::IMPORTER_PATH),
            names::CHOOSER => Some(names::CHOOSER_PATH),
            _ => None,
        };
        assert_eq!(path, expected, "{}", proxy.interface);
    }
}

fn members(interface: &Interface) -> Vec<Member> {
    let member = |kind, name: &str, inputs: String, outputs: String| Member {
        kind,
        name: name.to_owned(),
        inputs,
        outputs,
    };
    let methods = interface.methods.iter().map(|method| {
        let (inputs, outputs) = (signature(&method.inputs), signature(&method.outputs));
        member(Kind::Method, &method.name, inputs, outputs)
    });
    let signals = interface.signals.iter().map(|signal| {
        let inputs = signature(&signal.inputs);
        member(Kind::Signal, &signal.name, inputs, String::new())
    });
    let properties = interface
        .properties
        .iter()
        .map(|(name, signature)| member(Kind::Property, name, String::new(), signature.clone()));
    methods.chain(signals).chain(properties).collect()
}

/// Every trait of `src/proxy/*.rs` that is a proxy.
fn proxies() -> Vec<Proxy> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/proxy");
    let files = std::fs::read_dir(folder).unwrap();
    let sources = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    sources
        .flat_map(|source| syn::parse_file(&source).unwrap().items)
        .filter_map(|item| match item {
            Item::Trait(item) => Some(proxy(&item)),
            _ => None,
        })
        .collect()
}

fn proxy(item: &syn::ItemTrait) -> Proxy {
    let is_proxy =
        |attribute: &&Attribute| attribute.path().segments.last().unwrap().ident == "proxy";
    let attribute = item.attrs.iter().find(is_proxy);
    let values = values(attribute.unwrap_or_else(|| panic!("{} is no proxy", item.ident)));
    Proxy {
        interface: values["interface"].clone(),
        service: values.get("default_service").cloned(),
        path: values.get("default_path").cloned(),
        members: item
            .items
            .iter()
            .map(|item| match item {
                syn::TraitItem::Fn(item) => member(item),
                _ => panic!("a proxy consists of functions"),
            })
            .collect(),
    }
}

fn member(item: &syn::TraitItemFn) -> Member {
    let said = item
        .attrs
        .iter()
        .find(|attribute| attribute.path().is_ident("zbus"));
    let said = said.map(values).unwrap_or_default();
    let kind = match (said.contains_key("signal"), said.contains_key("property")) {
        (true, _) => Kind::Signal,
        (_, true) => Kind::Property,
        _ => Kind::Method,
    };
    let inputs = item.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(signature_of(&input.ty)),
        FnArg::Receiver(_) => None,
    });
    let inputs = inputs.collect();
    let outputs = result(&item.sig.output);
    assert!(
        !said.contains_key("no_reply") || outputs.is_empty(),
        "{}: a call without a reply has no results",
        item.sig.ident
    );
    let name = said.get("name").cloned();
    let name = name.unwrap_or_else(|| pascal_case(&item.sig.ident.to_string()));
    Member {
        kind,
        name,
        inputs,
        outputs,
    }
}

/// The keys of an attribute, and the strings they are set to.
fn values(attribute: &Attribute) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let read = attribute.parse_nested_meta(|meta| {
        let key = meta.path.get_ident().unwrap().to_string();
        let value = match meta.input.peek(syn::Token![=]) {
            true => match meta.value()?.parse::<syn::Lit>()? {
                syn::Lit::Str(value) => value.value(),
                _ => String::new(),
            },
            false => String::new(),
        };
        if meta.input.peek(syn::token::Paren) {
            meta.parse_nested_meta(|inner| inner.value()?.parse::<syn::Lit>().map(drop))?;
        }
        values.insert(key, value);
        Ok(())
    });
    read.unwrap();
    values
}

/// The D-Bus signature inside a `zbus::Result`.
fn result(output: &ReturnType) -> String {
    let ReturnType::Type(_, output) = output else {
        panic!("every call can fail");
    };
    let Type::Path(output) = &**output else {
        panic!("every call returns a zbus::Result");
    };
    let last = output.path.segments.last().unwrap();
    assert_eq!(last.ident, "Result");
    match parameter(&last.arguments) {
        Type::Tuple(tuple) => tuple.elems.iter().map(signature_of).collect(),
        single => signature_of(single),
    }
}

fn parameter(arguments: &PathArguments) -> &Type {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        panic!("a parameter is missing");
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(parameter)) => parameter,
        _ => panic!("a parameter is missing"),
    }
}

/// The D-Bus signature of a Rust type as it is written in a proxy.
fn signature_of(kind: &Type) -> String {
    let path = match kind {
        Type::Reference(reference) => return signature_of(&reference.elem),
        Type::Slice(slice) => return format!("a{}", signature_of(&slice.elem)),
        Type::Path(path) => path,
        _ => panic!("a type that the test does not know"),
    };
    let last = path.path.segments.last().unwrap();
    let of = |signature: &str| signature.to_owned();
    match last.ident.to_string().as_str() {
        "str" | "String" => of("s"),
        "bool" => of("b"),
        "u8" => of("y"),
        "u32" => of("u"),
        "u64" => of("t"),
        "ObjectPath" | "OwnedObjectPath" => of("o"),
        "Fd" | "OwnedFd" => of("h"),
        "Vec" => format!("a{}", signature_of(parameter(&last.arguments))),
        name => wire_signature(name),
    }
}

macro_rules! wire_types {
    ($name:expr; $($wire:ident)+) => {
        match $name {
            $(stringify!($wire) => <wire::$wire as WireType>::SIGNATURE.to_string(),)+
            other => panic!("{other} is a type that the test does not know"),
        }
    };
}

fn wire_signature(name: &str) -> String {
    wire_types!(name; AddOptions AnnounceOptions AppIdentity CheckOptions ChooseRequest ChooseResults
        ClosedDetails CompleteOptions ConsentRequest ConsentResults Counts DecisionInfo DomainReport
        ExportOptions ExportResults FinishedDetails GenerateOptions GenerateResults ImporterInfo
        NoOptions OfferOptions PassphraseRequest PassphraseResults ProgressDetails Receipt
        RedeemResults RefreshOptions ServiceStatus Tally WebRequestOptions)
}

/// `request_export` → `RequestExport`, as zbus names members.
fn pascal_case(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_').map(word).collect()
}
