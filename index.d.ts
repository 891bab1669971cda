/**
 * mmapipc: shared memory for Node.js programs.
 *
 * Sizes and offsets are in bytes, and integers up to 2^53 - 1. Times are in milliseconds.
 *
 * @packageDocumentation
 */

/// <reference types="node" />

import { EventEmitter } from 'node:events';

/** Loads are allowed. */
export const PROT_READ: 1;
/** Stores are allowed. */
export const PROT_WRITE: 2;
/** Stores reach the file, and all processes that map it. */
export const MAP_SHARED: 1;
/** Stores stay in this process: a store makes a private copy of its page. */
export const MAP_PRIVATE: 2;
/**
 * Memory without a file. With MAP_SHARED it is anonymous if the file is null, and otherwise
 * `{ inherit: file }`. With MAP_PRIVATE it is memory of this process alone.
 */
export const MAP_ANON: 32;
/** The same as {@link MAP_ANON}. */
export const MAP_ANONYMOUS: 32;
/** Memory of a file: the default. Its value is 0. */
export const MAP_FILE: 0;

/** All constants in one frozen object. They have the same values on every system. */
export const constants: Readonly<{
  PROT_READ: 1;
  PROT_WRITE: 2;
  MAP_SHARED: 1;
  MAP_PRIVATE: 2;
  MAP_ANON: 32;
  MAP_ANONYMOUS: 32;
  MAP_FILE: 0;
}>;

/** A file: its path, a `file:` URL, a file descriptor, or an open FileHandle. */
export type FileLike = string | URL | number | { readonly fd: number; close(...args: any[]): any };

/** How a range of memory will be used: see {@link Mmap.advise}. */
export type Advice = 'normal' | 'sequential' | 'random' | 'willneed' | 'dontneed' | 'hugepage';

/**
 * An error of this package. `code` identifies it; docs/errors.md lists all codes.
 *
 * Failures of the operating system are errors like those of `fs` instead (an Error with `code`, such as
 * 'ENOENT', `errno`, `syscall` and `path`). Wrong arguments throw a TypeError or RangeError with Node's
 * codes (ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE).
 */
export class MmapipcError extends Error {
  name: 'MmapipcError';
  /** Such as ERR_MMAPIPC_ACCESS or ERR_MMAPIPC_CLOSED. */
  code: string;
  /** The file that the error is about, if there is one. */
  path?: string;
  /** ERR_MMAPIPC_FILE_TOO_SMALL, _TOO_SMALL, _TOO_LARGE, _FULL, _KEY_TOO_LONG: the bytes that are needed. */
  required?: number;
  /** ERR_MMAPIPC_TOO_SMALL, _TOO_LARGE, _FULL: the bytes that exist. */
  capacity?: number;
  /** ERR_MMAPIPC_FULL: the bytes that are in use. */
  used?: number;
  /** ERR_MMAPIPC_KEY_TOO_LONG: the most bytes that a key may have. */
  limit?: number;
  /** ERR_MMAPIPC_KIND, _CODEC: the class, `evict` or codec that created it. */
  found?: string;
  /** ERR_MMAPIPC_KIND, _CODEC: the class, `evict` or codec that opens it. */
  wanted?: string;
  /** ERR_MMAPIPC_FILE_TOO_SMALL: the size of the file in bytes. */
  actual?: number;
  /** ERR_MMAPIPC_TIMEOUT: the holder of the lock, if it is known. */
  holder?: LockHolder;
}

/** The holder of a lock. For the lock of a file only `pid` is known. */
export interface LockHolder {
  /** The number of the participant in the region. */
  number?: number;
  /** The process that holds it. */
  pid?: number;
  /** The thread that has attached. */
  thread?: number;
  /** The namespace of `pid` and `thread` (the inode of the pid namespace); 0: unknown. */
  pidNamespace?: number;
  /** Whether the holder is alive, by the kernel's account. The next waiter takes a dead holder's lock. */
  alive?: boolean;
  /** Milliseconds since the lock was taken; may lag by a few milliseconds. */
  heldMs?: number;
}

/** What to lock, and how long to wait. An unknown option throws ERR_INVALID_ARG_VALUE. */
export interface LockOptions {
  /**
   * Milliseconds to wait before ERR_MMAPIPC_TIMEOUT is thrown. 0 tries once; Infinity waits without
   * limit. Default: the object's own `timeout`.
   */
  timeout?: number;
  /**
   * Whether others may hold shared locks at the same time. Default: true for a read-only mapping of a
   * file (as in IPC::Mmap), otherwise false. `shared`, `offset` and `length` are for an Mmap over a
   * file; elsewhere they throw ERR_MMAPIPC_UNSUPPORTED.
   */
  shared?: boolean;
  /** The first byte of a range of the mapping, to lock the range instead of the file. Default 0. */
  offset?: number;
  /** Bytes of the range, at least 1, clipped at the end of the mapping. Default: the rest. */
  length?: number;
}

/** Options of the asynchronous lock methods. */
export interface LockAsyncOptions extends LockOptions {
  /** Aborting it rejects with an AbortError (code ABORT_ERR; `cause` is the signal's reason). */
  signal?: AbortSignal;
}

/** One acquisition of a lock, as lock(), tryLock() and lockAsync() return it. */
export interface LockGuard {
  /**
   * Whether a process has died while it held the lock, since a guard last reported that. The data under
   * the lock may be half changed then (a Share's value never is). Always false for a file: the kernel
   * releases the locks of a dead process without a report.
   */
  readonly recovered: boolean;
  /** Releases this acquisition, and no later one. A second call does nothing. */
  release(): void;
  /** Calls release(), for `using`. */
  [Symbol.dispose](): void;
}

/**
 * The lock methods of files, regions, Shares and maps. Each object holds its lock at most once.
 *
 * The lock of a region is a word in shared memory. The kernel reports the death of its holder; no
 * time-out decides it, so a stopped or slow holder keeps the lock. Each of eight waiters gets the lock of
 * a region within 10 s; locks of files promise no fairness.
 *
 * A lock is held until it is released, or its process or thread ends. Garbage collection does not
 * release it: if an object is collected while it holds its lock, the lock stays held, and one process
 * warning with the code MMAPIPC_LOCK_COLLECTED reports it.
 */
export interface LockFamily<G extends LockGuard> {
  /** Whether this object holds its lock. */
  readonly locked: boolean;

  /**
   * Takes the lock, and blocks the thread until then. The lock of a region takes some tens of
   * nanoseconds; if its holder dies, the next waiter takes it within milliseconds.
   * @throws ERR_MMAPIPC_TIMEOUT - the lock was not released in time; `holder` describes its holder
   * @throws ERR_MMAPIPC_DEADLOCK - this object, or another object of this thread, holds the lock
   * @throws ERR_MMAPIPC_ACCESS - the region is attached read-only, or an exclusive lock of a range was
   *   requested on a read-only mapping
   * @throws ERR_MMAPIPC_CORRUPT - another process has overwritten the region's header
   */
  lock(options?: LockOptions): G;
  /** Takes the lock if it is free, and returns null if not. Never waits. */
  tryLock(options?: Omit<LockOptions, 'timeout'>): G | null;
  /**
   * Releases the lock that lock() or tryLock() has taken, also if the guard was lost because the call was
   * unwound (by a stack overflow, or the `timeout` of node:vm).
   * @throws ERR_MMAPIPC_NOT_LOCKED - this object does not hold the lock, or a guard of lockAsync holds it
   */
  unlock(): void;
  /**
   * Runs `fn` under the lock and returns its result. The lock is released when `fn` returns, and also when
   * it is ended by an exception, a stack overflow, the `timeout` of node:vm or worker.terminate().
   * @throws TypeError - `fn` returned a promise (the lock is released); use withLockAsync
   */
  withLock<R>(fn: (guard: G) => R, options?: LockOptions): R;
  /**
   * Takes the lock without blocking the event loop. The calls of one object are served in order. The lock
   * belongs to the guard. A pending call keeps the process alive. The wait runs in a thread; if none can
   * be started, the lock is tried every 5 ms.
   */
  lockAsync(options?: LockAsyncOptions): Promise<G>;
  /** Runs `fn` under the lock, and awaits its result before the lock is released. */
  withLockAsync<R>(fn: (guard: G) => Promise<R> | R, options?: LockAsyncOptions): Promise<R>;
}

/**
 * Where memory without a file lives. At most one of these options is allowed. Without any, the memory is
 * anonymous, and other processes find it by its {@link Mmap.handle}.
 *
 * The memory lives while any process is attached. It exists on Linux only; elsewhere opening it throws
 * ERR_MMAPIPC_UNSUPPORTED.
 *
 * A process stays attached until `close()`. If an object is collected instead, and other processes can
 * see the region by `inherit`, `name` or `path` or by a handle that was read, the process stays attached
 * until it ends. It keeps one attachment to each region, without the addresses of the payload.
 */
export interface RegionOptions {
  /** The `handle` of an object in any process of the same user: attaches to its region. */
  handle?: string;
  /**
   * A region that this process, or a process above it, has opened under this name. Cluster workers,
   * forked and spawned children and worker_threads find it. If there is none, a cluster worker, and a
   * forked child or worker_thread of a process or thread that has loaded mmapipc, throws
   * ERR_MMAPIPC_NOT_INHERITED: open it in the primary before the first fork. Every other process creates
   * it, also under supervisors and test runners that start their children with an IPC channel.
   *
   * At most 255 bytes of UTF-8, because the name becomes part of an environment variable. The variable is
   * removed when the last object of this name in the thread is closed.
   */
  inherit?: string;
  /**
   * A region that any program of the same user finds by this name, which is any text without slashes. A
   * region that no process has open is recreated.
   */
  name?: string;
}

/** Options of {@link Mmap}. An unknown option throws ERR_INVALID_ARG_VALUE. */
export interface MmapOptions extends RegionOptions {
  /** The file. A descriptor or FileHandle is duplicated, so yours may be closed afterwards. */
  file?: FileLike;
  /**
   * Bytes to map. Default 0: from `offset` to the end of the file, or the size of the existing region. An
   * existing region must have at least this size, and is mapped as a whole. Creating a region, and
   * anonymous memory, need a size.
   */
  size?: number;
  /** The first byte of the file to map; any number. Default 0. For files only. */
  offset?: number;
  /**
   * PROT_READ, PROT_WRITE or both. Default: PROT_READ for a file; both with `readOnly: false`, and for
   * memory without a file. A write-only mapping refuses `read`, `readInto` and `readString`; its `buffer`
   * is for stores, and the hardware allows loads from it, too.
   */
  prot?: number;
  /** `false` is short for `prot: PROT_READ | PROT_WRITE`, and `true` for `prot: PROT_READ`. */
  readOnly?: boolean;
  /**
   * The same as MAP_PRIVATE: stores stay in this process, and the file or region never changes. Without
   * one it is memory of this process alone. Default false.
   */
  private?: boolean;
  /**
   * For read-only mappings: a store into `buffer` ends the process (SIGSEGV) instead of changing a
   * private copy of the page. Default false.
   */
  protect?: boolean;
  /**
   * Whether a missing file or region is created. `true`, the default, creates it if the mapping is shared
   * and writable and has a size. `false` throws ENOENT if it is missing. `'exclusive'` throws EEXIST if it
   * exists.
   */
  create?: boolean | 'exclusive';
  /** Permission bits of a file that is created, less the umask. Default 0o600. */
  mode?: number;
  /**
   * Whether to map shared and writable even on a network or FUSE file system, where other processes may
   * not see the stores. Default false: this throws ERR_MMAPIPC_FILESYSTEM.
   */
  anyFilesystem?: boolean;
  /**
   * Whether each `read`, `readInto`, `readString`, `write`, pack and unpack takes the lock, as in
   * win32-mmap, unless this object already holds it. Default false.
   */
  autolock?: boolean;
  /**
   * Milliseconds that each call of this object waits for a lock, and that opening a region waits while
   * another process creates, joins or leaves it. Default 10,000; Infinity is allowed.
   */
  timeout?: number;
  /**
   * What happens if another process makes the file shorter. 'throw', the default: the missing bytes read
   * as zeros, and every method throws ERR_MMAPIPC_TRUNCATED from then on. 'crash': the system decides
   * (SIGBUS ends the process). A page that is lost for another reason also reads as zeros, and methods
   * throw ENOSPC or EDQUOT (a hole of the file could not be filled) or EIO.
   */
  onTruncate?: 'throw' | 'crash';
}

/** The value as read-only, with everything in its plain objects and arrays. */
export type DeepReadonly<T> = 0 extends 1 & T
  ? T
  : T extends (...args: any[]) => any
    ? T
    : T extends ReadonlyMap<infer K, infer V>
      ? ReadonlyMap<DeepReadonly<K>, DeepReadonly<V>>
      : T extends ReadonlySet<infer V>
        ? ReadonlySet<DeepReadonly<V>>
        : T extends Date | RegExp | Error | ArrayBufferLike | NodeJS.ArrayBufferView
          ? T
          : T extends object
            ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
            : T;

/** A value to pack. docs/pack.md lists the values that each letter of a template takes. */
export type Packable = number | bigint | string | NodeJS.ArrayBufferView;
/** An unpacked value. */
export type Unpacked = number | bigint | string;

/** Options of {@link unpack}. */
export interface UnpackOptions {
  /**
   * Which integers become a bigint. `'auto'`, the default: integers beyond 2^53 - 1. `'always'`: all of
   * 64-bit fields (`q Q j J`, and `l! L!` where C's long has 64 bits), of `w`, and of checksums of more
   * than 32 bits, so that the type does not depend on the value. `'never'`: none, and an integer beyond
   * 2^53 - 1 throws a RangeError.
   */
  bigint?: 'auto' | 'always' | 'never';
}

/**
 * Packs values by a template of Perl's pack. It has the whole language of perlfunc except `p`, `P` and
 * `D`.
 *
 * Numbers that do not fit a field wrap as in Perl. Strings are Latin-1: each character is a byte. Too
 * few or too many values, for which Perl warns, are an error.
 *
 * @param template - compiled once; the 128 most recently used templates of each direction are kept
 * @returns the bytes
 * @throws TypeError ERR_INVALID_ARG_VALUE - the template is invalid, or takes more or fewer values
 * @throws TypeError ERR_INVALID_ARG_TYPE - a field for a number got a string, or the other way round
 * @throws RangeError ERR_OUT_OF_RANGE - a character above U+00FF, a number that is not finite for an
 *   integer field, a position before the beginning, or more than 16 MiB of padding
 */
export function pack(template: string, ...values: Packable[]): Buffer;

/**
 * Unpacks values by a template of Perl's unpack. See {@link pack} for the template.
 *
 * @throws TypeError ERR_INVALID_ARG_VALUE - the template is invalid
 * @throws RangeError ERR_OUT_OF_RANGE - the template goes beyond the bytes with `x` or `@`, before them
 *   with `X`, or repeats itself without end
 */
export function unpack(
  template: string,
  bytes: NodeJS.ArrayBufferView,
  options?: UnpackOptions,
): Unpacked[];

/**
 * The number of bytes that a template of fixed size takes: `sizeOf('N n C')` is 7.
 *
 * @throws TypeError ERR_INVALID_ARG_VALUE - the template is invalid, or its size depends on the values
 *   (`*`, `/`, `@`, `w`, `u`, `U`)
 * @throws RangeError ERR_OUT_OF_RANGE - the size is more than 16 MiB
 */
export function sizeOf(template: string): number;

/** A process or thread that has attached to a region, as the region's table lists it. */
export interface Participant {
  /** Unique in the life of the region. */
  number: number;
  /** The process that has attached. */
  pid: number;
  /** The thread that has attached. */
  thread: number;
  /** The namespace of `pid` and `thread` (the inode of the pid namespace); 0: unknown. */
  pidNamespace: number;
  /** When it attached. */
  since: Date;
  /** How many of its threads wait for the lock. */
  waiting: number;
  /** Whether it is attached, by the kernel's account. If not, it has died without leaving. */
  alive: boolean;
}

/** The report of {@link inspect}. */
export type Inspection =
  | {
      state: 'ok';
      /** The class that created it: 'Mmap' or 'Share'. */
      kind: string;
      /** Bytes of the memory. A Share takes four times its capacity. */
      size: number;
      /** Of a Share: the bytes that an encoded value may take. */
      capacity?: number;
      /** Of a Share: its value. Version 0: nothing was ever set. */
      value?: { version: number; byteLength: number };
      /** The version of the region's layout. */
      version: number;
      /** Identifies the region: 32 hexadecimal digits. */
      id: string;
      /** How many attachments may write, by the kernel's account. */
      writers: number;
      /** How many attachments are read-only. Two may count as one. */
      readers: number;
      /** How many of `participants` are dead. */
      dead: number;
      /** The holder of the lock, and how many threads of the participants wait for it. */
      lock: { holder: (LockHolder & { since: Date }) | null; waiters: number };
      /** The participants that the table lists. */
      participants: Participant[];
    }
  | {
      /**
       * 'unfinished': a process is creating it, or was killed while it did. 'foreign': it is not a
       * region. 'version': it has another layout version or byte order. 'damaged': its header is invalid.
       */
      state: 'unfinished' | 'foreign' | 'version' | 'damaged';
      /** The reason in words. */
      reason: string;
      /** The layout version in its header, if there is one. */
      version: number;
    };

/**
 * Reports the header of a region. It takes no lock, changes nothing, and does not throw on a damaged
 * region.
 *
 * @param where - a handle, or an object with one of `handle`, `inherit`, `name` and `path`
 * @throws ENOENT - the region does not exist
 * @throws EACCES - this user may not read it
 */
export function inspect(where: string | RegionOptions | { path: string | URL }): Inspection;

/** The report of {@link list} for one name. */
export type Listed =
  | {
      name: string;
      state: 'ok';
      /** The class that created it: 'Mmap' or 'Share'. */
      kind: string;
      /** Bytes of the memory. */
      size: number;
      /** Of a Share: the bytes that an encoded value may take. */
      capacity?: number;
      /** How many attachments may write. If `readers` is 0 as well, the file is stale. */
      writers: number;
      /** How many attachments are read-only. */
      readers: number;
      /** How many participants have died without leaving. */
      dead: number;
      /** The attached processes. */
      pids: number[];
    }
  | {
      name: string;
      /** See {@link Inspection}. 'unknown': the file could not be inspected. */
      state: 'unfinished' | 'foreign' | 'version' | 'damaged' | 'unknown';
      /** The reason in words. */
      reason: string;
    };

/**
 * Lists the names of this user, each with a summary of what {@link inspect} reports. It reads the
 * directory of names (`/dev/shm/mmapipc-<uid>`, or below MMAPIPC_DIR), takes no lock, and attaches to
 * nothing. A name that is removed meanwhile is left out.
 *
 * @throws EACCES - the directory cannot be read
 */
export function list(): Listed[];

/**
 * Removes a name, or the file of a region. Attached processes keep the memory until they close it.
 *
 * @param where - `name` or `path`; `timeout`: milliseconds to wait while another process creates, joins
 *   or leaves the region, default 10,000
 * @throws ENOENT - it does not exist
 * @throws ERR_MMAPIPC_FOREIGN - the file is not a region, and is kept
 * @throws ERR_MMAPIPC_TIMEOUT - another process holds the creation lock for too long
 */
export function unlink(where: { name?: string; path?: string | URL; timeout?: number }): void;

/**
 * A mapping: a file, or memory without a file, as memory of this process.
 *
 * A shared mapping is the same memory in all processes that map the file. A read-only mapping cannot
 * change it: `write` throws, and a store into `buffer` changes a private copy of its page in this process
 * only. The other pages keep following the file.
 *
 * If another process makes the file shorter than the mapping, the missing pages of `buffer` read as
 * zeros, and every method throws ERR_MMAPIPC_TRUNCATED once one of them was accessed (see `onTruncate`).
 *
 * The locks of a file are the kernel's. Perl's flock, IPC::Mmap and flock(1) respect locks of the whole
 * file. A lock is released when the process or thread that holds it ends, for any reason. Memory without
 * a file has a lock of its own (see {@link LockFamily}).
 */
export class Mmap {
  /**
   * Maps a file, or memory without a file.
   *
   * A missing file is created if the mapping is shared and writable and has a length. A file that is too
   * short is extended with zeros if the mapping is shared and writable. Its space is allocated, so that
   * ENOSPC is thrown here, and not by a later store. A failure leaves nothing behind.
   *
   * Without a file (options, or MAP_ANON) the memory is a region: see {@link RegionOptions}.
   *
   * @param file - path, `file:` URL, descriptor (duplicated) or FileHandle; with MAP_ANON the name
   *   that children inherit, or null
   * @param length - in bytes; default 0: from `offset` to the end of the file
   * @param prot - PROT_READ, PROT_WRITE or both; default PROT_READ, with MAP_ANON both
   * @param flags - MAP_SHARED (the default) or MAP_PRIVATE, alone or with MAP_FILE or MAP_ANON
   * @param offset - the first byte; any number, not only multiples of the page size; default 0
   * @throws ERR_MMAPIPC_FILE_TOO_SMALL - the file ends before the range and may not be extended, or
   *   length is 0 and the file ends at or before `offset`
   * @throws ERR_MMAPIPC_FILESYSTEM - a shared writable mapping on a network or FUSE file system
   * @throws ERR_MMAPIPC_UNSUPPORTED - a FIFO, socket or device; or a region on a system without regions
   * @throws ERR_MMAPIPC_TOO_SMALL - the region exists, and is smaller than `size` (`required`, `capacity`)
   * @throws ERR_MMAPIPC_NOT_INHERITED - there is no region with this `inherit`, and a process or thread
   *   above uses mmapipc
   * @throws ERR_MMAPIPC_TIMEOUT - another process holds the creation lock of the region for too long
   * @throws ERR_MMAPIPC_KIND, _VERSION, _FOREIGN, _CORRUPT, _EXHAUSTED, _OWNER - the region that exists is
   *   not the requested one, or cannot be trusted
   * @throws ENOENT, EACCES, EISDIR, ENOSPC, EMFILE and so on, as fs does - the system has failed
   */
  constructor(
    file: FileLike | null,
    length?: number,
    prot?: number,
    flags?: number,
    offset?: number,
  );
  constructor(options: MmapOptions);

  /**
   * Opens a mapping, calls `fn` with it, closes it, and returns the result of `fn`. A promise is awaited
   * before the mapping is closed.
   */
  static with<T>(file: FileLike | MmapOptions, fn: (map: Mmap) => T): T;

  /**
   * Attaches to a region by its handle.
   * @throws ENOENT - no process has the region open
   * @throws EACCES - this process may not inspect the process of the handle
   */
  static attach(handle: string, options?: Omit<MmapOptions, 'handle' | 'file'>): Mmap;
  /**
   * Opens a file or region that exists, with its size.
   * @throws ENOENT - it does not exist
   */
  static open(options: Omit<MmapOptions, 'create'>): Mmap;

  /**
   * The handle of the region. Any process of the same user attaches with it while any process is
   * attached; pass it in a message, argv or env. Undefined for files, names and private memory. Stays
   * readable after close().
   */
  readonly handle: string | undefined;
  /** The name of the region; undefined if it was not opened by a name. Stays readable after close(). */
  readonly name: string | undefined;
  /** The handle, or `{ name }` or `{ file }` as `new Mmap` takes them; for JSON.stringify. */
  toJSON(): string | { name: string } | { file: string } | undefined;

  /** The size of the mapping in bytes. Stays readable after close(). */
  readonly size: number;
  /** The offset of the first byte in the file. Stays readable after close(). */
  readonly offset: number;
  /** The absolute path of the file; undefined for a descriptor. Stays readable after close(). */
  readonly file: string | undefined;
  /**
   * Whether its name or path no longer leads to this memory, because the file was removed or replaced (by
   * log rotation, or systemd's RemoveIPC). Processes that open it now get other memory. False without a
   * name or path, after close(), and if this process may not look, because it has dropped its privileges.
   * Each read is a system call.
   */
  readonly stale: boolean;
  /** Whether `write` throws. */
  readonly readOnly: boolean;
  /** Whether close() was called. */
  readonly closed: boolean;
  /** The size of a page of this system in bytes. */
  readonly pageSize: number;
  /**
   * The mapping's own file descriptor, close-on-exec; undefined on Windows. close() closes it; do not
   * close it yourself.
   * @throws ERR_MMAPIPC_CLOSED
   */
  readonly fd: number | undefined;
  /**
   * The address of the first byte of the mapping in this process.
   * @throws ERR_MMAPIPC_CLOSED
   */
  readonly address: bigint;

  /**
   * The mapping itself, without a copy. It is always the same Buffer. Where Node limits a Buffer to 4 GiB
   * (Node 20), it covers the first 4 GiB; use `view` beyond. Typed arrays and Atomics over its ArrayBuffer
   * work, also across processes. Atomics.wait does not, because it needs a SharedArrayBuffer.
   *
   * Its byteOffset is `offset % 8`. The ArrayBuffer begins at an address that is a multiple of 8, so a
   * typed array at this byteOffset is either aligned, or refused with a RangeError.
   *
   * After close() its length is 0. Do not close the mapping before an asynchronous call that uses the
   * Buffer (of fs, zlib or crypto) has called back.
   * @throws ERR_MMAPIPC_CLOSED
   * @throws ERR_MMAPIPC_UNSUPPORTED - the runtime refuses such Buffers (Electron)
   */
  readonly buffer: Buffer;

  /**
   * A Buffer over a part of the mapping, without a copy. The mapping may have any size. The range is
   * clipped at its end. The rules of `buffer` apply.
   * @param offset - the first byte; default 0
   * @param length - in bytes; default: the rest
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end, or a length that no Buffer can have
   */
  view(offset?: number, length?: number): Buffer;

  /**
   * Copies up to `length` bytes into a new Buffer; fewer at the end of the mapping.
   * @param offset - the first byte; default 0
   * @param length - in bytes; default: the rest
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end, or a length that no Buffer can have
   * @throws ERR_MMAPIPC_ACCESS - the mapping is write-only
   */
  read(offset?: number, length?: number): Buffer;

  /**
   * Copies bytes into `target`: as many as `length`, the target and the mapping allow. Throws as `read`
   * does.
   * @returns the number of bytes copied
   */
  readInto(target: NodeJS.ArrayBufferView, offset?: number, length?: number): number;

  /** The bytes as a string, in the encoding of Buffer.toString, default 'utf8'. Throws as `read` does. */
  readString(offset?: number, length?: number, encoding?: BufferEncoding): string;

  /**
   * Writes bytes, clipped at the end of the mapping and after `length` bytes.
   * @param offset - the first byte of the mapping to write; default 0
   * @param length - in bytes; default: all of the data
   * @returns the number of bytes written
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end
   * @throws ERR_MMAPIPC_ACCESS - the mapping is read-only
   */
  write(data: NodeJS.ArrayBufferView, offset?: number, length?: number): number;
  /** Writes a string in an encoding of Buffer, default 'utf8'. It is clipped between characters. */
  write(data: string, offset?: number, length?: number, encoding?: BufferEncoding): number;
  /** Writes bytes, or a string in UTF-8. */
  write(data: string | NodeJS.ArrayBufferView, offset?: number, length?: number): number;

  /**
   * Packs values at `offset`: see {@link pack}. Bytes beyond the end of the mapping are dropped. If a value
   * is refused, nothing is written.
   * @returns the number of bytes written
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end
   * @throws ERR_MMAPIPC_ACCESS - the mapping is read-only
   * @throws the errors of {@link pack}
   */
  pack(offset: number, template: string, ...values: Packable[]): number;

  /**
   * Unpacks values from `offset` on, up to the end of the mapping: see {@link unpack}.
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end
   * @throws ERR_MMAPIPC_ACCESS - the mapping is write-only
   * @throws the errors of {@link unpack}
   */
  unpack(offset: number, template: string, options?: UnpackOptions): Unpacked[];
  /**
   * Unpacks values from `length` bytes at `offset`, clipped at the end of the mapping.
   */
  unpack(
    offset: number,
    length: number | undefined,
    template: string,
    options?: UnpackOptions,
  ): Unpacked[];

  /**
   * Packs the values of an array: `pack` for many values, such as `packArray(0, '(lldV)1000', values)` with
   * 4,000 of them. A Float64Array is fastest. Throws as `pack` does.
   * @returns the number of bytes written
   */
  packArray(offset: number, template: string, values: ArrayLike<Packable>): number;

  /**
   * Unpacks into `target`, from its first element on. Throws as `unpack` does.
   *
   * A Float64Array takes numbers (an integer beyond 2^53 - 1 throws a RangeError), a BigInt64Array takes
   * integers (an integer from 2^63 on as its 64 bits), and an Array takes all values.
   * @returns the number of values
   * @throws ERR_OUT_OF_RANGE - the typed array has fewer elements than there are values
   * @throws ERR_INVALID_ARG_VALUE - the typed array cannot hold one of the values
   */
  unpackInto(
    offset: number,
    template: string,
    target: Unpacked[] | number[] | Float64Array | BigInt64Array,
  ): number;

  /**
   * Writes the range to the disk (msync). Other processes see all writes without it; it protects against
   * a power failure.
   * @param offset - the first byte; default 0
   * @param length - in bytes; default: the rest
   * @param options - `async: true` starts the write without waiting for its end; default false
   * @throws EIO, ENOSPC and so on - the system could not write
   */
  flush(offset?: number, length?: number, options?: { async?: boolean }): void;

  /**
   * Advises the system how the range will be used (madvise). On a private mapping 'dontneed' discards the
   * changes of the pages that lie completely in the range.
   * @param offset - the first byte; default 0
   * @param length - in bytes; default: the rest
   * @throws ERR_INVALID_ARG_VALUE - the advice is unknown
   * @throws EINVAL - the system does not support it here ('hugepage' on most files)
   */
  advise(advice: Advice, offset?: number, length?: number): void;

  /**
   * Keeps all pages in memory (mlock). On a private writable mapping every page becomes a private copy,
   * which no longer follows the file.
   * @throws ENOMEM, EPERM - the user may not lock that much memory
   */
  lockMemory(): void;
  /** Undoes lockMemory(). */
  unlockMemory(): void;

  /**
   * The number of pages of the range that are in memory (mincore). Linux reports all of them for a file
   * that the user neither owns nor may write.
   * @param offset - the first byte; default 0
   * @param length - in bytes; default: the rest
   */
  resident(offset?: number, length?: number): number;

  /**
   * Unmaps the memory. Every Buffer, typed array and DataView over it then has length 0 or throws. Pending
   * waits for its lock are rejected with ERR_MMAPIPC_CLOSED. A second call does nothing.
   * @throws ERR_MMAPIPC_LOCKED - this object holds its lock; release it first
   */
  close(): void;
  /** Does the same as close(). */
  unmap(): void;
  /** Releases the lock and closes, for `using`. */
  [Symbol.dispose](): void;
}

export interface Mmap extends LockFamily<LockGuard> {}

/** A codec of your own: see {@link ShareOptions.codec}. */
export interface Codec<T = unknown> {
  /** Encodes a value that is set. */
  encode(value: T): Uint8Array;
  /** Decodes the bytes of a value. They are a copy, which decode may keep. */
  decode(bytes: Buffer): T;
}

/** Options of {@link Share}. An unknown option throws ERR_INVALID_ARG_VALUE. */
export interface ShareOptions<T = unknown> extends RegionOptions {
  /**
   * The path of a file for the Share alone. Its value survives all processes, and a power failure as of
   * the last flush().
   */
  path?: string | URL;
  /** The bytes that an encoded value may take, instead of the first argument. */
  capacity?: number;
  /**
   * How a value becomes bytes.
   *
   * - `'auto'`, the default: numbers, strings, bigints and Buffers as they are, plain data as JSON, and the
   *   rest as v8 serializes it. A value is read as structuredClone would copy it, but a Buffer stays one.
   * - `'v8'`: objects as v8 serializes them.
   * - `'json'`: JSON. Use it if the writers are not trusted: v8's deserializer is never called.
   * - an object with `encode` and `decode`: a codec of your own.
   *
   * All processes should open a Share with the same codec. 'auto' and 'v8' read each other's values; any
   * other mix throws ERR_MMAPIPC_CODEC.
   */
  codec?: 'auto' | 'v8' | 'json' | Codec<T>;
  /**
   * Whether each value gets a checksum (CRC-32C). Reading a value whose bytes were changed from outside,
   * or that has no checksum, then throws ERR_MMAPIPC_CORRUPT. Default false.
   */
  checksum?: boolean;
  /**
   * Whether a missing Share is created. `true`, the default, creates it; `false` throws ENOENT if it is
   * missing; `'exclusive'` throws EEXIST if it exists.
   */
  create?: boolean | 'exclusive';
  /** Permission bits of a file that is created, less the umask. Default 0o600. */
  mode?: number;
  /** Whether to attach without write access, which the system enforces. Default false. */
  readOnly?: boolean;
  /**
   * Milliseconds that each call of this object waits for a lock, and that opening waits while another
   * process creates, joins or leaves the Share. Default 10,000; Infinity is allowed.
   */
  timeout?: number;
  /** The same as {@link MmapOptions.anyFilesystem}. Default false. */
  anyFilesystem?: boolean;
}

/**
 * A guard of a Share's lock. Its methods work under the lock, also if lockAsync() has taken it. After
 * release() they throw ERR_MMAPIPC_NOT_LOCKED.
 */
export interface ShareGuard<T> extends LockGuard {
  /** The same as {@link Share.get}. */
  get(): T | undefined;
  /** The same as {@link Share.set}, under this lock. */
  set(value: T): number;
  /** The same as {@link Share.update}, under this lock. */
  update(fn: (old: T | undefined) => T): T;
  /** The same as {@link Share.clear}, under this lock. */
  clear(): void;
  /** The same as {@link Share.compareAndSet}, under this lock. */
  compareAndSet(version: number, value: T): boolean;
}

/**
 * One structured value that processes and threads share.
 *
 * Readers take no lock, and never see a half-written value. A writer that dies at any moment leaves the
 * last value that was set completely. Each set increases the version of the value; the first version is
 * 1.
 *
 * Events: `'change'` (version): the value was set, by this object or another one; several sets may be
 * reported as one. `'recovered'`: a call of this object has taken the lock from a dead process.
 * `'error'`: changes can no longer be observed, see {@link Share.on}. Listeners keep the process alive
 * only after ref().
 */
export class Share<T = any> extends EventEmitter {
  /**
   * Opens a Share, or creates it.
   *
   * @param capacity - the bytes that an encoded value may take. It is a limit: an anonymous or inherited
   *   Share uses memory only for the values that are set. For a name or path the space of four values of
   *   this size is allocated.
   * @throws ERR_MMAPIPC_TOO_SMALL - it exists with a smaller capacity (`required`, `capacity`)
   * @throws ERR_MMAPIPC_UNCLEAN - its file was open during a power failure or reboot, and the value has no
   *   checksum, or a wrong one
   * @throws ERR_MMAPIPC_CODEC - it was created with a codec that does not go with this one (`found`,
   *   `wanted`): 'auto' and 'v8' go together, and read-only they read values of 'json'
   * @throws the errors of `new Mmap` for regions, such as ERR_MMAPIPC_NOT_INHERITED and _KIND
   */
  constructor(capacity: number, options?: ShareOptions<T>);
  constructor(options: ShareOptions<T>);

  /**
   * Opens a Share, calls `fn` with it, closes it, and returns the result of `fn`. A promise is awaited
   * before the Share is closed.
   */
  static with<T, R>(capacity: number, options: ShareOptions<T>, fn: (share: Share<T>) => R): R;
  static with<T, R>(capacity: number, fn: (share: Share<T>) => R): R;
  static with<T, R>(options: ShareOptions<T>, fn: (share: Share<T>) => R): R;
  /**
   * Attaches to a Share by its handle.
   * @throws ENOENT - no process has it open
   */
  static attach<T = any>(handle: string, options?: Omit<ShareOptions<T>, 'handle'>): Share<T>;
  /**
   * Opens a Share that exists, with its capacity.
   * @throws ENOENT - it does not exist
   * @throws ERR_MMAPIPC_CODEC - it was created with another codec
   */
  static open<T = any>(options: Omit<ShareOptions<T>, 'create'>): Share<T>;

  /** The handle by which other processes attach: see {@link Mmap.handle}. */
  readonly handle: string | undefined;
  /** The name it was opened by, if any. */
  readonly name: string | undefined;
  /** The absolute path of its file, if it has one. */
  readonly path: string | undefined;
  /** The handle, or `{ name }` or `{ path }` as `new Share` takes them; for JSON.stringify. */
  toJSON(): string | { name: string } | { path: string };
  /**
   * The same as {@link Mmap.stale}. If the file of a name is removed by other means than `unlink()`, calls
   * that change the value throw ERR_MMAPIPC_STALE from about a second later on. If there are listeners of
   * 'change', 'error' is emitted with that code; without listeners of 'error' it is a process warning.
   */
  readonly stale: boolean;
  /** The bytes that an encoded value may take, as the Share was created. */
  readonly capacity: number;
  /** The codec; `'custom'` for one of your own. */
  readonly codec: 'auto' | 'v8' | 'json' | 'custom';
  /** Whether it is attached without write access. */
  readonly readOnly: boolean;
  /** Whether close() was called. */
  readonly closed: boolean;

  /**
   * The version of the current value; 0: nothing was ever set.
   * @throws ERR_MMAPIPC_CLOSED
   */
  readonly version: number;
  /**
   * The bytes that the current value takes, encoded.
   * @throws ERR_MMAPIPC_CLOSED
   */
  readonly byteLength: number;

  /**
   * Sets the value. It takes and releases the lock; between lock() and unlock() it uses the lock that is
   * held.
   * @returns the new version
   * @throws TypeError - the value is undefined, a function or a symbol, or the codec cannot encode it
   * @throws ERR_MMAPIPC_TOO_LARGE - the encoded value takes more than `capacity` (`required`,
   *   `capacity`); the old value is kept
   * @throws ERR_MMAPIPC_ACCESS - the Share is attached read-only
   * @throws the errors of lock()
   */
  set(value: T): number;
  /** Sets the value without blocking the event loop. The value is encoded during the call. */
  setAsync(value: T): Promise<number>;
  /**
   * A fresh copy of the value; undefined if nothing was set, or the value was cleared. Takes no lock, and
   * waits for none.
   * @throws ERR_MMAPIPC_CODEC - the value was set with a codec that this codec cannot read
   * @throws ERR_MMAPIPC_CORRUPT - the value is damaged, or `checksum` is set and it has none
   * @throws ERR_MMAPIPC_TRUNCATED - another process made the file shorter
   * @throws ERR_MMAPIPC_CLOSED
   * @throws ERR_MMAPIPC_TIMEOUT - writers were faster than this reader for a second
   */
  get(): T | undefined;
  /**
   * The value, decoded once for each version: while the version stays the same, a call is one comparison.
   * Plain objects and arrays are deeply frozen, and the same object is returned each time. A value that
   * contains anything else (Map, Date, Buffer and so on), or comes from a custom codec, is decoded at each
   * call, as by get(), and is not frozen. Throws as get() does.
   */
  peek(): DeepReadonly<T> | undefined;
  /**
   * Sets the value to the result of `fn(value)`, under the lock. If `fn` throws or is ended otherwise, the
   * value is unchanged and the lock is released.
   * @returns the new value
   * @throws TypeError - `fn` returned undefined or a promise
   * @throws ERR_MMAPIPC_DEADLOCK - thrown inside `fn` by set(), update(), clear() and compareAndSet() of the
   *   same object or its guard, because the result of `fn` would overwrite their value
   * @throws the errors of set()
   */
  update(fn: (old: T | undefined) => T): T;
  /**
   * Sets the value to the awaited result of `fn(value)`. No lock is held while `fn` runs. If the value was
   * set meanwhile, `fn` runs again with the new value.
   */
  updateAsync(fn: (old: T | undefined) => Promise<T> | T): Promise<T>;
  /**
   * Sets the value if its version is `version`; 0: if nothing was ever set. Throws as set() does.
   * @returns whether the value was set
   */
  compareAndSet(version: number, value: T): boolean;
  /** Removes the value, as a new version: get() returns undefined. Throws as set() does. */
  clear(): void;

  /**
   * Resolves with the version when it differs from `since` (default: the current version). It keeps the
   * process alive. It is rejected with ERR_MMAPIPC_TIMEOUT after `timeout` milliseconds (default: never),
   * with an AbortError by `signal`, and with ERR_MMAPIPC_CLOSED by close().
   */
  changed(options?: { since?: number; timeout?: number; signal?: AbortSignal }): Promise<number>;
  /**
   * Iterates over the newest values. Each step returns the value after a change since the call, or since
   * the version `since`; `since: 0` starts with the current value. Several changes between two steps are
   * one step. A pending next() keeps the process alive. return() and throw() end the iteration at once,
   * close() ends it normally, and `signal` ends it with an AbortError.
   */
  watch(options?: { since?: number; signal?: AbortSignal }): AsyncIterableIterator<T | undefined>;

  /** Listeners of 'change' keep the process alive from now on. */
  ref(): this;
  /** Listeners of 'change' no longer keep the process alive: the default. */
  unref(): this;

  /** The value was set or cleared, by this object or another one. */
  on(event: 'change', listener: (version: number) => void): this;
  /** A call of this object has taken the lock from a dead process. */
  on(event: 'recovered', listener: () => void): this;
  /**
   * 'change' is no longer emitted, because the region was truncated or overwritten; or the Share is
   * stale. Emitted once for each. Without a listener it is a process warning (MMAPIPC_NOT_OBSERVED or
   * MMAPIPC_STALE).
   */
  on(event: 'error', listener: (error: Error) => void): this;
  /** Adds a listener for the next 'change'. */
  once(event: 'change', listener: (version: number) => void): this;
  /** Adds a listener for the next 'recovered'. */
  once(event: 'recovered', listener: () => void): this;

  /** Writes the file of a `path` to the disk (msync), as protection against a power failure. */
  flush(): void;
  /**
   * Closes the Share. Pending promises are rejected with ERR_MMAPIPC_CLOSED. A second call does nothing.
   * @throws ERR_MMAPIPC_LOCKED - this object holds its lock; release it first
   */
  close(): void;
  /** Releases the lock and closes, for `using`. */
  [Symbol.dispose](): void;
}

export interface Share<T> extends LockFamily<ShareGuard<T>> {}

/** How long an entry lives: milliseconds, or an object with one of the two. */
export type Life =
  | number
  | {
      /** Milliseconds from now on, more than 0; Infinity: the entry does not expire. */
      ttl?: number;
      /** The time at which it expires: a Date, or milliseconds since 1970. */
      expires?: Date | number;
    };

/** Options of {@link SharedMap}. An unknown option throws ERR_INVALID_ARG_VALUE. */
export interface SharedMapOptions<V = unknown> extends RegionOptions {
  /**
   * The path of a file for the map alone. Its entries survive all processes, and a power failure as of the
   * last flush().
   */
  path?: string | URL;
  /** The bytes for entries, instead of the first argument. */
  capacity?: number;
  /**
   * How many entries are expected, for the size of the map's index. More are possible, but slower. Default:
   * as many as the capacity has room for, of about 164 bytes each.
   */
  maxEntries?: number;
  /**
   * How a value becomes bytes: see {@link ShareOptions.codec}. A number is stored as a number whatever the
   * codec is, so that increment() can change it.
   */
  codec?: 'auto' | 'v8' | 'json' | Codec<V>;
  /**
   * What happens when the map is full. `'none'`, the default: set() throws ERR_MMAPIPC_FULL. `'lru'`:
   * entries that were not used for long are dropped. An existing map keeps its own; another one that is
   * given throws ERR_MMAPIPC_KIND.
   */
  evict?: 'none' | 'lru';
  /** Milliseconds that an entry lives if it is set without a time to live. Default: Infinity. */
  ttl?: number;
  /**
   * How many entries each thread caches. A value that has not changed is then read without a call into C.
   * Default 4,096; 0: none.
   */
  cache?: number;
  /**
   * Whether a missing map is created. `true`, the default, creates it; `false` throws ENOENT if it is
   * missing; `'exclusive'` throws EEXIST if it exists.
   */
  create?: boolean | 'exclusive';
  /** Permission bits of a file that is created, less the umask. Default 0o600. */
  mode?: number;
  /** Whether to attach without write access, which the system enforces. Default false. */
  readOnly?: boolean;
  /**
   * Milliseconds that each call of this object waits for a lock, and that opening waits while another
   * process creates, joins or leaves the map. Default 10,000; Infinity is allowed.
   */
  timeout?: number;
  /** The same as {@link MmapOptions.anyFilesystem}. Default false. */
  anyFilesystem?: boolean;
}

/** One change of a {@link SharedMap}. */
export interface MapChange {
  /** The key; undefined for 'clear' and 'many'. */
  key: string | undefined;
  /**
   * What happened: `'expire'`: an expired entry was removed; `'evict'`: an entry was dropped because the map was
   * full; `'clear'`: all entries were removed; `'many'`: more has changed than is known.
   */
  what: 'set' | 'delete' | 'expire' | 'evict' | 'clear' | 'many';
}

/** What {@link SharedMap.stats} returns. */
export interface SharedMapStats {
  /** Entries, with expired ones that were not removed yet. */
  entries: number;
  /** Bytes of the memory for entries. */
  capacity: number;
  /** Bytes of it that are in use. */
  used: number;
  /** Bytes of it that are not. */
  free: number;
  /** Entries dropped because the map was full. */
  evictions: number;
  /** Expired entries removed. */
  expirations: number;
  /** Entries moved to make room. */
  moves: number;
  /** Parts of the map that are locked separately. */
  stripes: number;
  /** How many of them are locked now. */
  locked: number;
  /** Buckets of the index. */
  buckets: number;
  /** Entries that this thread has cached. */
  cached: number;
}

/**
 * The methods that a map and its namespaces have.
 *
 * A key is a string of at most 1,024 bytes: one for each character, or two if a character of the key is
 * above U+00FF. Longer keys throw ERR_MMAPIPC_KEY_TOO_LONG (`required`, `limit`).
 *
 * Readers take no lock, and never see a half-written value. A writer that dies at any moment leaves each
 * entry as it was, or as it was set. All methods throw ERR_MMAPIPC_CLOSED after close(),
 * ERR_MMAPIPC_CORRUPT if another process has overwritten the table, and ERR_MMAPIPC_TIMEOUT if a part of
 * the map stays locked (by a stopped process) for `timeout`. Methods that change the map throw
 * ERR_MMAPIPC_ACCESS if it is attached read-only.
 */
export interface MapMethods<V> {
  /** A fresh copy of the value; undefined if there is none. Throws as {@link Share.get} does. */
  get(key: string): V | undefined;
  /**
   * The value as {@link Share.peek} returns it: plain objects and arrays are deeply frozen, and the same
   * object is returned until the entry changes.
   */
  peek(key: string): DeepReadonly<V> | undefined;
  /** Whether there is an entry. */
  has(key: string): boolean;
  /**
   * Sets the value, which may take up to most of the capacity.
   * @param ttl - how long the entry lives; default: the `ttl` of the map
   * @throws TypeError - the value is undefined, a function or a symbol, or the codec cannot encode it
   * @throws ERR_MMAPIPC_FULL - there is no space (`required`, `used`, `capacity`); the old value is kept
   */
  set(key: string, value: V, ttl?: Life): this;
  /** Removes the entry. Returns whether there was one. */
  delete(key: string): boolean;
  /** Removes all entries. An entry that another process sets meanwhile may stay. */
  clear(): void;
  /**
   * The number of entries. That of a map includes expired entries that were not removed yet; that of a
   * namespace is counted by an iteration.
   */
  readonly size: number;

  /**
   * Iterates over the keys, or those that begin with `prefix`. It takes no lock. An entry that exists all
   * the time is seen exactly once; one that is set or deleted meanwhile may be seen.
   */
  keys(options?: { prefix?: string }): IterableIterator<string>;
  /** Iterates over the values: see {@link MapMethods.keys}. */
  values(options?: { prefix?: string }): IterableIterator<V>;
  /** Iterates over [key, value] pairs: see {@link MapMethods.keys}. */
  entries(options?: { prefix?: string }): IterableIterator<[string, V]>;
  /** Calls fn(value, key, map) for each entry: see {@link MapMethods.keys}. */
  forEach(fn: (value: V, key: string, map: this) => void, thisArg?: unknown): void;
  /** The same as entries(). */
  [Symbol.iterator](): IterableIterator<[string, V]>;

  /** The values of many keys, in their order. In a large map it is much faster than single calls. */
  getMany(keys: Iterable<string>): (V | undefined)[];
  /** Sets many entries, one after the other; an error leaves those before it set. */
  setMany(entries: Iterable<readonly [string, V]>, ttl?: Life): this;
  /** Deletes many entries. Returns how many there were. */
  deleteMany(keys: Iterable<string>): number;

  /** Sets the value if there is no entry. Returns whether it was set. Throws as set() does. */
  add(key: string, value: V, ttl?: Life): boolean;
  /** Sets the value if there is an entry. Returns whether it was set. Throws as set() does. */
  replace(key: string, value: V, ttl?: Life): boolean;
  /** Sets the value, and returns the old one, in one step. Throws as set() does. */
  getAndSet(key: string, value: V, ttl?: Life): V | undefined;
  /** Deletes the entry, and returns its value, in one step. */
  getAndDelete(key: string): V | undefined;

  /**
   * Adds to a number, in one step.
   * @param by - default 1
   * @param options - `initial`: the value of an entry that is missing, before the addition, default 0; `ttl`:
   *   how long an entry lives that is created; that of an existing one stays
   * @returns the sum
   * @throws ERR_MMAPIPC_NOT_NUMBER - the value is not a number
   */
  increment(key: string, by?: number, options?: { initial?: number; ttl?: number }): number;
  /**
   * As increment(), and returns in the same step how long the entry still lives, and whether it was
   * created: the counter of a rate limiter.
   */
  count(
    key: string,
    by?: number,
    options?: { ttl?: number },
  ): { value: number; ttl: number; created: boolean };

  /** The value with its version, for compareAndSet(), and the milliseconds it still lives. */
  entry(key: string): { value: V; version: number; ttl: number } | undefined;
  /**
   * Sets the value if the entry has this version; 0: if there is none. Versions of a key rise with each set,
   * also over a delete. Throws as set() does.
   * @returns whether the value was set
   */
  compareAndSet(key: string, version: number, value: V, ttl?: Life): boolean;
  /**
   * Sets the value to the result of `fn(value)`. No lock is held while `fn` runs; if the entry was changed
   * meanwhile, `fn` runs again with the new value. Without `ttl` the entry keeps its expiry.
   * @returns the new value
   * @throws TypeError - `fn` returned undefined or a promise; the entry is unchanged
   * @throws ERR_MMAPIPC_DEADLOCK - `fn` changes the same key
   * @throws ERR_MMAPIPC_TIMEOUT - others changed the entry each time, for `timeout`
   */
  update(key: string, fn: (old: V | undefined) => V, options?: { ttl?: number }): V;
  /** As update(), and awaits the result of `fn`. */
  updateAsync(
    key: string,
    fn: (old: V | undefined) => Promise<V> | V,
    options?: { ttl?: number },
  ): Promise<V>;
  /**
   * The value; if there is none, the awaited result of `make(key)`, which is set. Of all processes one runs
   * `make`; the others wait for its result. If `make` throws, its callers get the error, and another process
   * that waits runs its own `make`; the same if the process dies. A set() by others wins, and after a delete() or
   * clear() the result is returned, but not set. All callers of a thread for one key share one
   * result, so `make` must not wait for the same key itself.
   * @param options - `ttl`: of the entry that is set; `timeout`: milliseconds to wait, default Infinity;
   *   `signal`: ends this call's wait, not `make`
   * @throws ERR_MMAPIPC_TIMEOUT - there is no value after `timeout`
   */
  getOrSetAsync(
    key: string,
    make: (key: string) => Promise<V> | V,
    options?: { ttl?: number; timeout?: number; signal?: AbortSignal },
  ): Promise<V>;

  /** The milliseconds that the entry still lives; Infinity: no expiry; undefined: there is no entry. */
  ttl(key: string): number | undefined;
  /**
   * Sets how long the entry lives from now on; null: it does not expire.
   * @returns whether there is an entry
   */
  expire(key: string, ms: number | null): boolean;

  /**
   * Resolves with the version of the entry when it differs from `since` (default: the version at the call);
   * 0: there is no entry. It keeps the process alive, and ends otherwise as {@link Share.changed} does.
   * @throws ERR_MMAPIPC_ACCESS - the map is attached read-only
   */
  changed(
    key: string,
    options?: { since?: number; timeout?: number; signal?: AbortSignal },
  ): Promise<number>;
  /**
   * Iterates over the changes after this call, of keys that begin with `prefix`. A pending next() keeps the
   * process alive; the iteration ends as that of {@link Share.watch} does. Read-only maps as for changed().
   */
  watch(options?: { prefix?: string; signal?: AbortSignal }): AsyncIterableIterator<MapChange>;

  /**
   * The entries whose keys begin with `prefix`, as a map of its own: its keys are those without the prefix,
   * and its clear(), keys() and size cover only them.
   */
  namespace<W = V>(prefix: string): SharedMapNamespace<W>;
  /**
   * The entries as properties of an object: `map.object.foo = 'hello'`. Any name is a key, also `then` and
   * `__proto__`. `in`, delete, Object.keys, spread, JSON.stringify and console.log work. Changing a value
   * that was read does not change the entry: assign it again.
   */
  readonly object: { [key: string]: V };
}

/** The entries of a {@link SharedMap} whose keys begin with a prefix: see {@link MapMethods.namespace}. */
export interface SharedMapNamespace<V = any> extends MapMethods<V> {
  /** The prefix of its keys in the map. */
  readonly prefix: string;
  /** The map. */
  readonly map: SharedMap;
}

/**
 * Named values that processes and threads share: a Map in shared memory, with counters, expiry and
 * eviction.
 *
 * Events: `'change'`: an entry was changed, by this object or another one. `'recovered'`: a call of this object
 * has taken the lock from a dead process. `'error'`: changes can no longer be observed, see
 * {@link SharedMap.on}. Listeners keep the process alive only after ref().
 */
export class SharedMap<V = any> extends EventEmitter {
  /**
   * Opens a map, or creates it.
   *
   * @param capacity - the bytes for entries: key, value and about 48 bytes for each; at least 65,536. An
   *   anonymous or inherited map uses memory only for the entries that are set.
   * @throws ERR_MMAPIPC_TOO_SMALL - it exists with a smaller capacity (`required`, `capacity`)
   * @throws ERR_MMAPIPC_UNCLEAN - its file was open during a power failure or reboot
   * @throws ERR_MMAPIPC_CODEC - it was created with a codec that does not go with this one
   * @throws ERR_MMAPIPC_KIND - it was created by another class, or with another `evict` (`found`, `wanted`)
   * @throws the errors of `new Mmap` for regions, such as ERR_MMAPIPC_NOT_INHERITED
   */
  constructor(capacity: number, options?: SharedMapOptions<V>);
  constructor(options: SharedMapOptions<V>);

  /**
   * Opens a map, calls `fn` with it, closes it, and returns the result of `fn`. A promise is awaited before
   * the map is closed.
   */
  static with<V, R>(
    capacity: number,
    options: SharedMapOptions<V>,
    fn: (map: SharedMap<V>) => R,
  ): R;
  static with<V, R>(capacity: number, fn: (map: SharedMap<V>) => R): R;
  static with<V, R>(options: SharedMapOptions<V>, fn: (map: SharedMap<V>) => R): R;
  /**
   * Attaches to a map by its handle.
   * @throws ENOENT - no process has it open
   */
  static attach<V = any>(
    handle: string,
    options?: Omit<SharedMapOptions<V>, 'handle'>,
  ): SharedMap<V>;
  /**
   * Opens a map that exists, with its capacity.
   * @throws ENOENT - it does not exist
   */
  static open<V = any>(options: Omit<SharedMapOptions<V>, 'create'>): SharedMap<V>;

  /** The handle by which other processes attach: see {@link Mmap.handle}. */
  readonly handle: string | undefined;
  /** The name it was opened by, if any. */
  readonly name: string | undefined;
  /** The absolute path of its file, if it has one. */
  readonly path: string | undefined;
  /** The handle, or `{ name }` or `{ path }` as `new SharedMap` takes them; for JSON.stringify. */
  toJSON(): string | { name: string } | { path: string };
  /** The same as {@link Share.stale}. */
  readonly stale: boolean;
  /** The bytes for entries, as the map was created. */
  readonly capacity: number;
  /** The codec; `'custom'` for one of your own. */
  readonly codec: 'auto' | 'v8' | 'json' | 'custom';
  /** Whether a full map drops entries. */
  readonly evict: 'none' | 'lru';
  /** Whether it is attached without write access. */
  readonly readOnly: boolean;
  /** Whether close() was called. */
  readonly closed: boolean;

  /** Counts of entries and bytes, as they are at one moment. */
  stats(): SharedMapStats;

  /** Listeners of 'change' keep the process alive from now on. */
  ref(): this;
  /** Listeners of 'change' no longer keep the process alive: the default. */
  unref(): this;

  /**
   * An entry was changed, by this object or another one.
   * @throws ERR_MMAPIPC_ACCESS - the map is attached read-only
   */
  on(event: 'change', listener: (change: MapChange) => void): this;
  /** A call of this object has taken the lock from a dead process. */
  on(event: 'recovered', listener: () => void): this;
  /**
   * 'change' is no longer emitted, because the region was truncated or overwritten; or the map is stale. Without a
   * listener it is a process warning (MMAPIPC_NOT_OBSERVED or MMAPIPC_STALE).
   */
  on(event: 'error', listener: (error: Error) => void): this;
  /** Adds a listener for the next 'change'. */
  once(event: 'change', listener: (change: MapChange) => void): this;
  /** Adds a listener for the next 'recovered'. */
  once(event: 'recovered', listener: () => void): this;

  /** Writes the file of a `path` to the disk (msync), as protection against a power failure. */
  flush(): void;
  /**
   * Closes the map. Pending promises are rejected with ERR_MMAPIPC_CLOSED. A second call does nothing.
   * @throws ERR_MMAPIPC_LOCKED - this object holds its lock; release it first
   */
  close(): void;
  /** Releases the lock and closes, for `using`. */
  [Symbol.dispose](): void;
}

/** The lock is one for the whole map, and advisory: get() and set() do not wait for it. */
export interface SharedMap<V> extends MapMethods<V>, LockFamily<LockGuard> {}
