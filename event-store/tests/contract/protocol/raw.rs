//! Calls without the official client: messages are bytes, put together by hand.

use bytes::{Buf, BufMut, Bytes};
use tokio_stream::{Stream, StreamExt};
use tonic::{
    Request, Status, Streaming,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};

use crate::server::Server;

pub(crate) const STREAMS: &str = "/event_store.client.streams.Streams";

pub(crate) fn endpoint(server: &Server) -> Endpoint {
    Endpoint::from_shared(format!("http://{}", server.address())).unwrap()
}

/// A connection of its own.
#[derive(Clone)]
pub(crate) struct Raw(Grpc<Channel>);

impl Raw {
    pub(crate) async fn connect(server: &Server) -> Self {
        Self::through(endpoint(server)).await
    }

    pub(crate) async fn through(endpoint: Endpoint) -> Self {
        Self(Grpc::new(endpoint.connect().await.unwrap()))
    }

    /// Sends `messages`, ends, and takes the whole answer.
    pub(crate) async fn call(&self, path: &str, messages: Vec<Bytes>) -> Result<Vec<Bytes>, Status> {
        self.call_with(path, Request::new(tokio_stream::iter(messages))).await
    }

    pub(crate) async fn call_with(
        &self,
        path: &str,
        request: Request<impl Stream<Item = Bytes> + Send + 'static>,
    ) -> Result<Vec<Bytes>, Status> {
        let mut answer = self.open(path, request).await?;
        let mut messages = Vec::new();
        while let Some(message) = answer.next().await {
            messages.push(message?);
        }
        Ok(messages)
    }

    pub(crate) async fn open(
        &self,
        path: &str,
        request: Request<impl Stream<Item = Bytes> + Send + 'static>,
    ) -> Result<Streaming<Bytes>, Status> {
        let mut grpc = self.0.clone();
        grpc.ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let answer = grpc.streaming(request, path.parse().unwrap(), Plain).await?;
        Ok(answer.into_inner())
    }
}

#[derive(Clone, Copy, Default)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// A protobuf message field by field.
#[derive(Clone, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn number(mut self, field: u8, value: u64) -> Self {
        self.0.push(field << 3);
        self.varint(value);
        self
    }

    pub(crate) fn bytes(mut self, field: u8, value: impl AsRef<[u8]>) -> Self {
        self.0.push(field << 3 | 2);
        self.varint(value.as_ref().len() as u64);
        self.0.extend_from_slice(value.as_ref());
        self
    }

    pub(crate) fn message(self, field: u8, value: Self) -> Self {
        self.bytes(field, value.0)
    }

    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        self.0.push(u8::try_from(value).unwrap());
    }

    pub(crate) fn done(self) -> Bytes {
        self.0.into()
    }
}

pub(crate) fn message() -> Message {
    Message::default()
}

pub(crate) fn stream(name: &str) -> Message {
    message().bytes(3, name)
}

pub(crate) fn id(number: u128) -> Message {
    message().bytes(2, uuid::Uuid::from_u128(number).to_string())
}

pub(crate) fn property(key: &str, value: &str) -> Message {
    message().bytes(1, key).bytes(2, value)
}

/// An event as `Append` and `BatchAppend` take it.
pub(crate) fn proposed(number: u128, size: usize) -> Message {
    message()
        .message(1, id(number))
        .message(2, property("type", "ticket.opened"))
        .message(2, property("content-type", "application/json"))
        .bytes(4, vec![b'x'; size])
}

/// The first message of `Append`; `expected` is the number of the field: 3 no stream, 4 any, 5 stream exists.
pub(crate) fn append_options(name: &str, expected: u8) -> Bytes {
    let options = message().message(1, stream(name)).message(expected, message());
    message().message(1, options).done()
}

pub(crate) fn append_event(event: Message) -> Bytes {
    message().message(2, event).done()
}

/// A message taken apart, without knowledge of what it means.
#[derive(Debug)]
pub(crate) struct Fields(Vec<(u64, Value)>);

#[derive(Debug)]
enum Value {
    Number(u64),
    Bytes(Bytes),
}

impl Fields {
    pub(crate) fn of(mut message: Bytes) -> Self {
        let mut fields = Vec::new();
        while message.has_remaining() {
            let key = varint(&mut message);
            let value = match key & 7 {
                0 => Value::Number(varint(&mut message)),
                2 => {
                    let length = usize::try_from(varint(&mut message)).unwrap();
                    Value::Bytes(message.split_to(length))
                }
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, value));
        }
        Self(fields)
    }

    pub(crate) fn has(&self, field: u64) -> bool {
        self.0.iter().any(|(number, _)| *number == field)
    }

    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.0.iter().map(|(number, _)| *number).collect()
    }

    pub(crate) fn number(&self, field: u64) -> u64 {
        let found = self.0.iter().find_map(|(number, value)| match value {
            Value::Number(value) if *number == field => Some(*value),
            Value::Number(_) | Value::Bytes(_) => None,
        });
        // Zero is not sent.
        found.unwrap_or_default()
    }

    pub(crate) fn all(&self, field: u64) -> Vec<Bytes> {
        let value = |(number, value): &(u64, Value)| match value {
            Value::Bytes(value) if *number == field => Some(value.clone()),
            Value::Number(_) | Value::Bytes(_) => None,
        };
        self.0.iter().filter_map(value).collect()
    }

    pub(crate) fn text(&self, field: u64) -> String {
        let bytes = self.all(field).first().cloned().unwrap_or_default();
        String::from_utf8(bytes.into()).unwrap()
    }

    pub(crate) fn message(&self, field: u64) -> Self {
        Self::of(
            self.all(field)
                .first()
                .cloned()
                .unwrap_or_else(|| panic!("no {field} in {self:?}")),
        )
    }
}

fn varint(bytes: &mut Bytes) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes.get_u8();
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}
