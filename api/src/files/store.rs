//! Where sealed bytes lie: a folder, or a storage that speaks S3. The only file that names the library.

use std::{
    io,
    ops::Range,
    path::{Path as FilePath, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use nix::sys::statvfs::statvfs;
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, WriteMultipart, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path,
};

use super::FilesSettings;

/// Parts of one object that are on their way at once.
const PARTS_AHEAD: usize = 2;

/// Why a storage does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder.
    #[error("the folder of files {} is not usable ({source}): make it writable, or choose another files.dir", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The storage.
    #[error("the storage of files: {0}")]
    Storage(#[from] object_store::Error),
}

/// The storage. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Store {
    objects: Arc<dyn ObjectStore>,
    /// The folder, if it is one.
    root: Option<PathBuf>,
    /// Bytes of the folder's disk that are left free.
    keep_free: u64,
}

impl Store {
    pub(super) fn open(settings: &FilesSettings, data: &FilePath) -> Result<Self, StoreError> {
        if let Some(bucket) = &settings.s3_bucket {
            let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
            if let Some(region) = &settings.s3_region {
                builder = builder.with_region(region);
            }
            if let Some(endpoint) = &settings.s3_endpoint {
                builder = builder
                    .with_endpoint(endpoint)
                    .with_allow_http(endpoint.starts_with("http://"));
            }
            return Ok(Self {
                objects: Arc::new(builder.build()?),
                root: None,
                keep_free: 0,
            });
        }
        let root = settings.dir.clone().unwrap_or_else(|| data.join("files"));
        let unusable = |source| StoreError::Folder {
            path: root.clone(),
            source,
        };
        std::fs::create_dir_all(&root).map_err(unusable)?;
        let root = root.canonicalize().map_err(unusable)?;
        // An event says that the bytes are there, so they have to outlast what the event outlasts.
        let folder = LocalFileSystem::new_with_prefix(&root)?.with_fsync(true);
        Ok(Self {
            objects: Arc::new(folder),
            root: Some(root),
            keep_free: settings.keep_free_bytes,
        })
    }

    /// Whether so many bytes more may be kept; of a storage elsewhere nobody knows how full it is.
    ///
    /// # Errors
    /// When the system does not say what is free.
    pub(super) fn has_room_for(&self, bytes: u64) -> io::Result<bool> {
        let Some(root) = &self.root else {
            return Ok(true);
        };
        let disk = statvfs(root)?;
        let free = u128::from(disk.blocks_available()) * u128::from(disk.fragment_size());
        Ok(free >= u128::from(self.keep_free) + u128::from(bytes))
    }

    /// Begins an object.
    pub(super) async fn write(&self, blob: &str) -> Result<Writer, StoreError> {
        let upload = self.objects.put_multipart(&Path::from(blob)).await?;
        Ok(Writer(WriteMultipart::new(upload)))
    }

    /// A part of an object, as it comes.
    pub(super) async fn read(
        &self,
        blob: &str,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, StoreError> {
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(range)));
        let found = self.objects.get_opts(&Path::from(blob), options).await?;
        Ok(found.into_stream().map_err(io::Error::other).boxed())
    }

    /// A part of an object at once.
    pub(super) async fn part(&self, blob: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        Ok(self.objects.get_range(&Path::from(blob), range).await?)
    }

    /// Deletes an object, and what a crash left of one that never was complete; none is as good.
    pub(super) async fn delete(&self, blob: &str) -> Result<(), StoreError> {
        self.sweep(blob).await;
        match self.objects.delete(&Path::from(blob)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// In a folder, an object that is being written is a file beside its place, with `#` in its name.
    async fn sweep(&self, blob: &str) {
        let Some(path) = self.root.as_ref().map(|it| it.join(blob)) else {
            return;
        };
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|it| it.to_str())) else {
            return;
        };
        let Ok(mut entries) = tokio::fs::read_dir(folder).await else {
            return;
        };
        let begins = format!("{name}#");
        while let Ok(Some(entry)) = entries.next_entry().await {
            if entry.file_name().to_str().is_some_and(|it| it.starts_with(&begins)) {
                drop(tokio::fs::remove_file(entry.path()).await);
            }
        }
    }
}

/// An object that is being written.
#[derive(Debug)]
pub(super) struct Writer(WriteMultipart);

impl Writer {
    /// Takes more bytes; waits while too many are on their way.
    pub(super) async fn push(&mut self, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.0.wait_for_capacity(PARTS_AHEAD).await?;
        self.0.put(bytes.into());
        Ok(())
    }

    /// Makes it complete.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        self.0.finish().await?;
        Ok(())
    }

    /// Leaves nothing of it.
    pub(super) async fn abort(self) -> Result<(), StoreError> {
        Ok(self.0.abort().await?)
    }
}
