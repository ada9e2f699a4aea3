//! Compiles the protocol without `protoc`.

use std::error::Error;

const FILES: [&str; 5] = [
    "shared.proto",
    "status.proto",
    "streams.proto",
    "server_features.proto",
    "gossip.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let messages = protox::compile(FILES, ["proto"])?;
    tonic_build::configure()
        .build_client(false)
        .build_server(true)
        .bytes(["."])
        .include_file("protocol.rs")
        .compile_fds(messages)?;
    Ok(())
}
