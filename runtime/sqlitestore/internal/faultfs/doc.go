// Package faultfs is a file system under SQLite that remembers, in order, what
// SQLite asks of the disk, and that can fail. Tests use it to look at a
// database as a power cut, a full or a broken disk leaves it behind. It wraps
// SQLite's own file system for unix and is not meant for production.
//
// # What a power cut leaves
//
// [Log.Image] rebuilds the files as they could be found after a cut at any
// position of the log. What was synced is there. Of the rest anything may be
// there or not:
//
//   - A write that no completed sync of its file covers is kept, dropped or
//     torn, each on its own: a later one can be there without an earlier one,
//     of the same file or of another.
//   - A torn write has only some of its sectors of 512 bytes. A sector that
//     is not there has what was there before, or zeros, or garbage.
//   - A truncation that is not synced is kept or dropped on its own, too.
//   - A sync covers what was written before it began, and counts only once
//     it has ended. A sync that failed covers nothing, and what was written
//     before it is not covered by a later one either: Linux counts such pages
//     as clean.
//   - A file that was created or deleted is found in its folder, or gone,
//     for certain only after a sync of the folder. Syncing the file alone is
//     not enough. Until then the changes of one name are kept up to any
//     point, in their order. SQLite syncs the folder with the first sync of a
//     log or journal that it has opened, and when it deletes a journal.
//
// Outside of the bytes of a write nothing changes: SQLite relies on it, and
// calls it powersafe overwrite. The index of the log (-shm) is not part of an
// image, because SQLite builds it anew from the log.
//
// This is harsher than most disks. It leaves out disks that forget what they
// have reported as synced ([FS.Lie] makes one) and those that lose what was
// synced long ago.
package faultfs
