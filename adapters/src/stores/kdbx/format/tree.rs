//! The XML document as a tree, which keeps every element that nobody here knows.

use data_encoding::BASE64;
use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

use super::super::problem::Problem;
use super::cipher::Stream;

/// Groups deeper than this are no folders that a person has made.
const DEEPEST: usize = 512;
/// A hundred thousand entries have fewer elements.
const MOST_ELEMENTS: usize = 5_000_000;

/// An element, wiped when it is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    name: Box<str>,
    attributes: Vec<(Box<str>, String)>,
    /// The text; that of a protected value is decrypted, and can be anything.
    text: Zeroizing<Vec<u8>>,
    /// Whether the text is encrypted with the stream.
    is_protected: bool,
    /// The elements in it.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// An element without anything in it.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// An element with this text.
    pub(crate) fn with_text(name: &str, text: &str) -> Self {
        let mut element = Self::new(name);
        element.text = Zeroizing::new(text.as_bytes().to_vec());
        element
    }

    /// The same element, with its text protected.
    pub(crate) fn protected(mut self) -> Self {
        self.is_protected = true;
        self
    }

    /// The same element, with another attribute.
    pub(crate) fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.into(), value.to_owned()));
        self
    }

    /// The same element, with other elements in it.
    pub(crate) fn with(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.is_protected
    }

    /// The text; `None` if it was not to be made out.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.text).ok()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.text
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let attribute = self.attributes.iter().find(|(each, _)| &**each == name)?;
        Some(&attribute.1)
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name() == name)
    }

    pub(crate) fn child_mut(&mut self, name: &str) -> Option<&mut Element> {
        self.children.iter_mut().find(|child| child.name() == name)
    }

    pub(crate) fn children_named<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children
            .iter()
            .filter(move |child| child.name() == name)
    }

    /// The text of the first element of this name.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name)?.text()
    }

    /// Reads a document. What is protected is decrypted with `stream`; whether something could not
    /// be, is told.
    pub(super) fn read(xml: &[u8], stream: &mut Stream) -> Result<(Self, bool), Problem> {
        let no_text = |_| Problem::Malformed("its content is no text in UTF-8");
        let xml = std::str::from_utf8(xml).map_err(no_text)?;
        let mut reading = Reading {
            stream,
            above: Vec::new(),
            elements: 0,
            is_damaged: false,
        };
        let root = reading.document(xml.trim_start_matches('\u{feff}'))?;
        match root.name() {
            "KeePassFile" => Ok((root, reading.is_damaged)),
            _ => Err(Problem::Malformed("its content is no document of KeePass")),
        }
    }

    /// The bytes that it takes to write it, or some more.
    pub(super) fn length(&self) -> usize {
        let attributes = self
            .attributes
            .iter()
            .map(|(name, value)| name.len() + 6 * value.len() + 4);
        let text = match self.is_protected {
            true => BASE64.encode_len(self.text.len()),
            false => self
                .text
                .iter()
                .map(|byte| escaped(*byte).map_or(1, str::len))
                .sum(),
        };
        let children = self.children.iter().map(Self::length);
        2 * self.name.len() + 32 + attributes.sum::<usize>() + text + children.sum::<usize>()
    }

    /// Writes it; what is protected is encrypted with `stream`.
    pub(super) fn write(&self, stream: &mut Stream, written: &mut Vec<u8>) {
        written.push(b'<');
        written.extend_from_slice(self.name.as_bytes());
        for (name, value) in &self.attributes {
            for part in [" ", name, "=\""] {
                written.extend_from_slice(part.as_bytes());
            }
            escape(value.as_bytes(), true, written);
            written.push(b'"');
        }
        if self.is_protected {
            written.extend_from_slice(b" Protected=\"True\"");
        }
        if self.text.is_empty() && self.children.is_empty() {
            written.extend_from_slice(b"/>");
            return;
        }
        written.push(b'>');
        match self.is_protected {
            true => {
                let mut text = self.text.clone();
                stream.apply(&mut text);
                let start = written.len();
                written.resize(start + BASE64.encode_len(text.len()), 0);
                BASE64.encode_mut(&text, written.get_mut(start..).unwrap_or_default());
            }
            false => escape(&self.text, false, written),
        }
        for child in &self.children {
            child.write(stream, written);
        }
        written.extend_from_slice(b"</");
        written.extend_from_slice(self.name.as_bytes());
        written.push(b'>');
    }
}

/// What a byte is written as where it cannot stand for itself. A carriage return would be read as a
/// line feed.
fn escaped(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#13;"),
        _ => None,
    }
}

fn escape(text: &[u8], is_attribute: bool, written: &mut Vec<u8>) {
    let special = |byte: u8| match byte {
        b'"' if is_attribute => Some("&quot;"),
        b'\t' if is_attribute => Some("&#9;"),
        b'\n' if is_attribute => Some("&#10;"),
        byte => escaped(byte),
    };
    let mut rest = text;
    while let Some((at, instead)) = rest
        .iter()
        .enumerate()
        .find_map(|(at, byte)| Some((at, special(*byte)?)))
    {
        let (before, after) = rest.split_at(at);
        written.extend_from_slice(before);
        written.extend_from_slice(instead.as_bytes());
        rest = after.get(1..).unwrap_or_default();
    }
    written.extend_from_slice(rest);
}

/// A document that is being read, without recursion: it is not known yet how deep it is.
struct Reading<'s> {
    stream: &'s mut Stream,
    /// The elements that are open, from the outermost one.
    above: Vec<Element>,
    elements: usize,
    is_damaged: bool,
}

impl Reading<'_> {
    fn document(&mut self, xml: &str) -> Result<Element, Problem> {
        let mut reader = Reader::from_str(xml);
        loop {
            let event = reader.read_event().map_err(|_| malformed())?;
            let finished = match event {
                Event::Start(start) => {
                    self.open(&start)?;
                    None
                }
                Event::Empty(start) => {
                    self.open(&start)?;
                    self.close()?
                }
                Event::End(_) => self.close()?,
                Event::Text(text) => {
                    self.text(text.xml10_content().as_bytes());
                    None
                }
                Event::CData(text) => {
                    self.text(text.xml10_content().as_bytes());
                    None
                }
                Event::GeneralRef(reference) => {
                    self.reference(&reference)?;
                    None
                }
                Event::DocType(_) => {
                    return Err(Problem::Malformed("its content declares a document type"));
                }
                Event::Eof => return Err(Problem::Malformed("its content is cut off")),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => None,
            };
            if let Some(root) = finished {
                return Ok(root);
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Problem> {
        self.elements += 1;
        if self.above.len() >= DEEPEST || self.elements > MOST_ELEMENTS {
            let (what, limit) = match self.above.len() >= DEEPEST {
                true => ("its groups lie very deep in one another", DEEPEST),
                false => ("its content has very many elements", MOST_ELEMENTS),
            };
            return Err(Problem::TooLarge {
                what: what.to_owned(),
                limit: limit.to_string(),
            });
        }
        let mut element = Element::new(start.name().as_ref());
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| malformed())?;
            let value = unescape(&attribute.value)
                .map_err(|_| malformed())?
                .into_owned();
            match (attribute.key.as_ref(), value.eq_ignore_ascii_case("true")) {
                ("Protected", is_protected) => element.is_protected = is_protected,
                (name, _) => element.attributes.push((name.into(), value)),
            }
        }
        self.above.push(element);
        Ok(())
    }

    fn text(&mut self, text: &[u8]) {
        if let Some(element) = self.above.last_mut() {
            append(&mut element.text, text);
        }
    }

    fn reference(&mut self, reference: &quick_xml::events::BytesRef<'_>) -> Result<(), Problem> {
        let resolved = reference.resolve_char_ref().map_err(|_| malformed())?;
        match resolved {
            Some(letter) => self.text(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            None => {
                let known = resolve_predefined_entity(&reference.xml10_content());
                self.text(known.ok_or_else(malformed)?.as_bytes());
            }
        }
        Ok(())
    }

    /// Closes the innermost element; that is the root if nothing is open any more.
    fn close(&mut self) -> Result<Option<Element>, Problem> {
        let mut element = self.above.pop().ok_or_else(malformed)?;
        if element.is_protected {
            self.unprotect(&mut element);
        } else if !element.children.is_empty() && element.text.trim_ascii().is_empty() {
            element.text = Zeroizing::default();
        }
        match self.above.last_mut() {
            Some(above) => above.children.push(element),
            None => return Ok(Some(element)),
        }
        Ok(None)
    }

    fn unprotect(&mut self, element: &mut Element) {
        element.text.retain(|byte| !byte.is_ascii_whitespace());
        match BASE64.decode(&element.text) {
            Ok(decoded) => {
                element.text = Zeroizing::new(decoded);
                self.stream.apply(&mut element.text);
            }
            Err(_) => {
                // No text, so that whoever asks for it learns that there is none.
                element.text = Zeroizing::new(vec![0xff]);
                self.is_damaged = true;
            }
        }
    }
}

/// Appends without leaving the old text behind where the vector moves.
fn append(text: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    if text.capacity() - text.len() < more.len() {
        let mut larger = Vec::with_capacity((text.len() + more.len()).max(2 * text.len()));
        larger.extend_from_slice(text);
        *text = Zeroizing::new(larger);
    }
    text.extend_from_slice(more);
}

fn malformed() -> Problem {
    Problem::Malformed("its content is no well-formed XML")
}

impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}> with {} elements", self.name, self.children.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(xml: &str) -> Result<(Element, bool), Problem> {
        Element::read(xml.as_bytes(), &mut Stream::new(3, b"key").unwrap())
    }

    fn write(element: &Element) -> String {
        let mut written = Vec::new();
        element.write(&mut Stream::new(3, b"key").unwrap(), &mut written);
        assert!(written.len() <= element.length());
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn what_is_not_known_stays_and_what_is_protected_is_encrypted() {
        let tree = Element::new("KeePassFile").with([
            Element::with_text("Strange", "a & <b>\r\n \"c\"").with_attribute("q", "\"\n&"),
            Element::new("Value").with([Element::with_text("V", "hunter2").protected()]),
            Element::with_text("V", "hunter2").protected(),
        ]);
        let written = write(&tree);
        assert!(!written.contains("hunter2"));
        assert_eq!(read(&written).unwrap(), (tree, false));
    }

    #[test]
    fn a_line_ends_as_xml_has_it() {
        let (tree, _) =
            read("<KeePassFile>a\r\nb\rc&#13;\nd<![CDATA[<]]>&#x263a;</KeePassFile>").unwrap();
        assert_eq!(tree.text(), Some("a\nb\nc\r\nd<☺"));
    }

    #[test]
    fn a_value_that_cannot_be_made_out_costs_itself() {
        let (tree, is_damaged) =
            read("<KeePassFile><V Protected=\"True\">%%%</V><V>b</V></KeePassFile>").unwrap();
        assert!(is_damaged);
        assert_eq!(tree.children[0].text(), None);
        assert_eq!(tree.children[1].text(), Some("b"));
    }

    #[test]
    fn what_is_no_document_is_told() {
        for xml in [
            "",
            "<KeePassFile>",
            "<KeePassFile></Group>",
            "<Other/>",
            "<KeePassFile>&lol;</KeePassFile>",
            "<!DOCTYPE x [<!ENTITY lol \"lol\">]><KeePassFile>&lol;</KeePassFile>",
        ] {
            assert!(matches!(read(xml), Err(Problem::Malformed(_))), "{xml}");
        }
    }

    #[test]
    fn a_hundred_thousand_groups_in_one_another_are_too_many() {
        let xml = "<KeePassFile>".to_owned() + &"<Group>".repeat(100_000);
        let told = read(&xml).unwrap_err();
        assert_eq!(
            told.to_string(),
            "its groups lie very deep in one another, which is more than 512"
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back(open in "[^\\p{C}]{0,20}[\t\n\r]?[^\\p{C}]{0,9}", protected in any::<String>()) {
            let tree = Element::new("KeePassFile").with([
                Element::with_text("Open", &open),
                Element::with_text("Protected", &protected).protected(),
            ]);
            prop_assert_eq!(read(&write(&tree)).unwrap(), (tree, false));
        }
    }
}
