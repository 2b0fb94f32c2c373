//! The folders of the click log: `<data>/clicks/<boot_id>/`, each with a lock that its process holds while it lives. At
//! the start, folders whose lock is free belong to dead boots; claiming them takes their locks.
//! Always holds: a folder is read or deleted only by the process that holds its lock.

use super::segments::Segments;
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
};
use uuid::Uuid;

/// Name of a boot's lock, and of the lock over starting.
const LOCK: &str = "lock";

/// The log of one boot, ours to read and to delete.
#[derive(Debug)]
pub(super) struct BootFolder {
    pub(super) boot_id: Uuid,
    pub(super) path: PathBuf,
    pub(super) segments: Arc<Segments>,
    /// Held as long as this value lives.
    _lock: File,
}

impl BootFolder {
    /// Deletes the folder with everything in it.
    pub(super) fn delete(self) {
        self.segments.delete_all();
        // the lock is still held, so nobody claims the folder on its way out
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(boot = %self.boot_id, %error, "the folder of a stored click log cannot be deleted");
        }
    }
}

/// Makes a folder for this boot and claims those of dead ones, oldest first. `held` grows by what they hold.
pub(super) fn claim(root: &Path, held: &Arc<AtomicU64>) -> io::Result<(BootFolder, Vec<BootFolder>)> {
    fs::create_dir_all(root)?;
    // between making a folder and locking it, it would look dead: one start at a time
    let starting = open_lock(root)?;
    starting.lock()?;
    let dead = claim_dead(root, held)?;
    // random and not by time: the first byte chooses the stream
    let boot_id = Uuid::new_v4();
    let path = root.join(boot_id.to_string());
    fs::create_dir(&path)?;
    let lock = open_lock(&path)?;
    lock.lock()?;
    // the folder's name must survive a power cut as well; not every system can sync a folder
    drop(File::open(root).and_then(|root| root.sync_all()));
    let segments = Arc::new(Segments::empty(held.clone()));
    Ok((BootFolder { boot_id, path, segments, _lock: lock }, dead))
}

fn claim_dead(root: &Path, held: &Arc<AtomicU64>) -> io::Result<Vec<BootFolder>> {
    let mut dead = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let Some(boot_id) = entry.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok()) else { continue };
        match claim_one(boot_id, entry.path(), held) {
            Ok(Some(folder)) => dead.push((entry.metadata().and_then(|data| data.modified()).ok(), folder)),
            Ok(None) => {}
            Err(error) => tracing::error!(boot = %boot_id, %error, "the click log of a dead boot cannot be read"),
        }
    }
    dead.sort_by_key(|(modified, _)| *modified);
    Ok(dead.into_iter().map(|(_, folder)| folder).collect())
}

/// `None` where its process lives.
fn claim_one(boot_id: Uuid, path: PathBuf, held: &Arc<AtomicU64>) -> io::Result<Option<BootFolder>> {
    let lock = open_lock(&path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let segments = Arc::new(Segments::find(&path, held.clone())?);
    Ok(Some(BootFolder { boot_id, path, segments, _lock: lock }))
}

fn open_lock(folder: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(folder.join(LOCK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dead_boots_are_claimed_and_only_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().join("clicks");
        let (first, dead) = claim(&root, &Arc::default()).unwrap();
        assert!(dead.is_empty());
        let (second, dead) = claim(&root, &Arc::default()).unwrap();
        assert!(dead.is_empty(), "the first one lives");
        let first_id = first.boot_id;
        fs::write(Segments::path(&first.path, 1), [0; 9]).unwrap();
        drop(first);
        let held = Arc::default();
        let (third, mut dead) = claim(&root, &held).unwrap();
        assert_eq!(dead.iter().map(|folder| folder.boot_id).collect::<Vec<_>>(), [first_id]);
        assert_eq!(held.load(std::sync::atomic::Ordering::Relaxed), 9);
        let (fourth, none) = claim(&root, &Arc::default()).unwrap();
        assert!(none.is_empty(), "claimed by the third");
        dead.remove(0).delete();
        assert!(!root.join(first_id.to_string()).exists());
        assert!(second.path.exists() && third.path.exists() && fourth.path.exists());
    }
}
