/**
 * mmapipc: memory shared by Node.js programs.
 *
 * Sizes and offsets are bytes, integers up to 2^53 - 1.
 *
 * @packageDocumentation
 */

/// <reference types="node" />

import { EventEmitter } from 'node:events';

/** Loads are allowed. */
export const PROT_READ: 1;
/** Stores are allowed. */
export const PROT_WRITE: 2;
/** Stores reach the file and everybody who maps it. */
export const MAP_SHARED: 1;
/** Stores stay in this process: a page stored into becomes a private copy. */
export const MAP_PRIVATE: 2;
/**
 * Memory without a file. With MAP_SHARED: anonymous when the file is null, else `{ inherit: file }`.
 * With MAP_PRIVATE: memory of this process alone.
 */
export const MAP_ANON: 32;
/** The same as {@link MAP_ANON}. */
export const MAP_ANONYMOUS: 32;
/** Memory of a file: the default, and no bit at all. */
export const MAP_FILE: 0;

/** All the constants in one frozen object. They have the same numbers on every system. */
export const constants: Readonly<{
  PROT_READ: 1;
  PROT_WRITE: 2;
  MAP_SHARED: 1;
  MAP_PRIVATE: 2;
  MAP_ANON: 32;
  MAP_ANONYMOUS: 32;
  MAP_FILE: 0;
}>;

/** What names a file: a path, a `file:` URL, a descriptor, or an open FileHandle. */
export type FileLike = string | URL | number | { readonly fd: number; close(...args: any[]): any };

/** What the mapping's own methods may be asked for: see {@link Mmap.advise}. */
export type Advice = 'normal' | 'sequential' | 'random' | 'willneed' | 'dontneed' | 'hugepage';

/**
 * An error of this package. `code` says which; README.md has the table of all codes.
 *
 * The operating system's refusals come as `fs` gives them instead (an Error with `code` 'ENOENT',
 * `errno`, `syscall`, `path`), and wrong arguments as a TypeError or RangeError with Node's codes
 * (ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE).
 */
export class MmapipcError extends Error {
  name: 'MmapipcError';
  /** ERR_MMAPIPC_ACCESS, ERR_MMAPIPC_CLOSED ... */
  code: string;
  /** The file, name or handle, where there is one. */
  path?: string;
  /** ERR_MMAPIPC_FILE_TOO_SMALL, _TOO_SMALL, _TOO_LARGE: bytes there would have to be. */
  required?: number;
  /** ERR_MMAPIPC_TOO_SMALL, _TOO_LARGE: bytes there are. */
  capacity?: number;
  /** ERR_MMAPIPC_KIND, _CODEC: the class or codec that made it, and the one that opens it. */
  found?: string;
  wanted?: string;
  /** ERR_MMAPIPC_FILE_TOO_SMALL: bytes it has. */
  actual?: number;
  /** ERR_MMAPIPC_TIMEOUT: who holds the lock, where that is known. */
  holder?: LockHolder;
}

/** Who holds a lock: of a file only the pid; of a region what its table of participants says. */
export interface LockHolder {
  /** Of the participant, in the region. */
  number?: number;
  pid?: number;
  /** The thread that attached. */
  thread?: number;
  /** In which `pid` and `thread` are numbered (the inode of the pid namespace), 0: unknown. */
  pidNamespace?: number;
  /** As the kernel knows it. A dead holder's lock comes free with the next try. */
  alive?: boolean;
  /** Milliseconds since it was taken, a few milliseconds behind. */
  heldMs?: number;
}

/** What to lock, and how long to wait for it. A misspelt name is an error that says so. */
export interface LockOptions {
  /**
   * Milliseconds to wait, then ERR_MMAPIPC_TIMEOUT; 0 tries once; Infinity waits for ever. Default:
   * the mapping's own `timeout`.
   */
  timeout?: number;
  /**
   * Shared: others may hold shared locks at the same time. Default false, on a read-only mapping
   * of a file true (as in IPC::Mmap). For Mmap over a file, as are the next two; elsewhere
   * ERR_MMAPIPC_UNSUPPORTED.
   */
  shared?: boolean;
  /** A range of the mapping instead of the whole file: first byte, default 0. */
  offset?: number;
  /** Bytes of the range, at least 1, clipped at the end of the mapping; default: the rest. */
  length?: number;
}

/** Options of the asynchronous forms. */
export interface LockAsyncOptions extends LockOptions {
  /** Aborting rejects with an AbortError (code ABORT_ERR, `cause` the reason). */
  signal?: AbortSignal;
}

/** One acquisition of a lock; lock(), tryLock() and lockAsync() give it. */
export interface LockGuard {
  /**
   * Whether somebody who held the lock died with it since a guard last told of that: what it guards
   * may be half changed. (A Share's value never is.) Always false on a file: the kernel frees its
   * locks with their holder, and does not tell.
   */
  readonly recovered: boolean;
  /** Releases this acquisition, and no later one. Releasing again does nothing. */
  release(): void;
  /** release(), for `using`. */
  [Symbol.dispose](): void;
}

/**
 * The lock of an object: one at a time, for files, regions and Shares alike.
 *
 * A region's lock is a word in shared memory. Whoever dies with it is found out by the kernel, never
 * by a time-out: a stopped or slow holder keeps it. Of eight that wait each is served within 10 s; the
 * locks of files promise no fairness.
 *
 * A lock is held until it is released, or its process or thread ends. Garbage collection does not
 * release it: when an object is collected while it holds its lock, the lock stays held, and one
 * process warning with the code MMAPIPC_LOCK_COLLECTED reports it.
 */
export interface LockFamily<G extends LockGuard> {
  /** Whether this object holds its lock. */
  readonly locked: boolean;

  /**
   * Locks; the thread sleeps until it is free. A region's lock is taken in some tens of nanoseconds;
   * held by a process that dies, it comes free within milliseconds.
   * @throws ERR_MMAPIPC_TIMEOUT - `holder` tells who has it
   * @throws ERR_MMAPIPC_DEADLOCK - this object, or another of this thread, holds what is wanted
   * @throws ERR_MMAPIPC_ACCESS - a region attached read-only; an exclusive range of a read-only mapping
   * @throws ERR_MMAPIPC_CORRUPT - another process has overwritten the region's header
   */
  lock(options?: LockOptions): G;
  /** Locks if it is free at once; null if not. Never waits. */
  tryLock(options?: Omit<LockOptions, 'timeout'>): G | null;
  /**
   * Releases what lock() or tryLock() took, also when an unwound call (a stack overflow, the `timeout`
   * of node:vm) has lost the guard.
   * @throws ERR_MMAPIPC_NOT_LOCKED - this object holds nothing, or a guard of lockAsync holds it
   */
  unlock(): void;
  /**
   * Runs `fn` under the lock and returns its result. The lock is released however `fn` ends: by an
   * exception, a stack overflow, the `timeout` of node:vm or worker.terminate().
   * @throws TypeError - `fn` returned a promise (the lock is released): use withLockAsync
   */
  withLock<R>(fn: (guard: G) => R, options?: LockOptions): R;
  /**
   * Locks without holding up the event loop. Calls of one object queue, first come first served;
   * the lock belongs to the guard. A pending call keeps the process alive. It waits in a thread; where
   * none can be started, it tries every 5 ms.
   */
  lockAsync(options?: LockAsyncOptions): Promise<G>;
  /** Runs an async `fn` under the lock. */
  withLockAsync<R>(fn: (guard: G) => Promise<R> | R, options?: LockAsyncOptions): Promise<R>;
}

/**
 * Where memory without a file lives: at most one of these. None: it is anonymous, and others find
 * it by its {@link Mmap.handle}.
 *
 * All of it lives while anybody is attached. Linux only in this version (ERR_MMAPIPC_UNSUPPORTED).
 *
 * A process stays attached until `close()`. When an object is collected instead, the process stays
 * attached until it ends if others can see the region: by `inherit`, `name` or `path`, or by a
 * handle that was read. It keeps one attachment to each region, without the payload's addresses.
 */
export interface RegionOptions {
  /** Attaches to what another object's `handle` names, in any process of the same user. */
  handle?: string;
  /**
   * What this process, or one above it, calls so: cluster workers, forked and spawned children and
   * worker_threads find it by this name. Finding nothing is ERR_MMAPIPC_NOT_INHERITED in a cluster
   * worker, and in a forked child or worker_thread of a process or thread that has loaded mmapipc:
   * open it in the primary before the first fork. Everywhere else it is created, also below
   * supervisors and test runners that start their children with an IPC channel.
   *
   * At most 255 bytes of UTF-8, as it becomes an environment variable. The variable is removed when
   * the last object of this name in the thread is closed.
   */
  inherit?: string;
  /**
   * What any program of the same user finds by this name (any text without slashes). What nobody
   * has open any more is made afresh.
   */
  name?: string;
}

/** Options of {@link Mmap}. A name that is not one of these is an error that says so. */
export interface MmapOptions extends RegionOptions {
  /** The file. A descriptor or FileHandle is duplicated; yours may be closed at once. */
  file?: FileLike;
  /**
   * Bytes to map; 0, the default: from `offset` to the end of the file, or the size of the region
   * that is there. A region that exists must have at least as many, and is mapped whole; one that is
   * made, and memory without a place, needs a size.
   */
  size?: number;
  /** First byte of the file, any; default 0. For files only. */
  offset?: number;
  /**
   * PROT_READ, PROT_WRITE or both. Default PROT_READ for a file, both with `readOnly: false` and for
   * memory without a file. A
   * write-only mapping refuses `read`, `readInto` and `readString`; its `buffer` is there to be
   * stored into, and hardware lets it be read.
   */
  prot?: number;
  /** The short form: `false` of `prot: PROT_READ | PROT_WRITE`, `true` of `prot: PROT_READ`. */
  readOnly?: boolean;
  /**
   * As MAP_PRIVATE: stores stay in this process. The file or region is only ever read; without one it
   * is plain memory. Default false.
   */
  private?: boolean;
  /**
   * Of a read-only mapping: a stray store into `buffer` ends the process (SIGSEGV), instead of
   * changing a private copy of the page. Default false.
   */
  protect?: boolean;
  /**
   * Whether a missing file or region is made. Default `true`, when the mapping is shared and writable
   * and has a size; `false`: ENOENT when there is none; `'exclusive'`: EEXIST when there is one.
   */
  create?: boolean | 'exclusive';
  /** Permission bits of a file that is made, less the umask; default 0o600. */
  mode?: number;
  /**
   * Map shared and writable even on a network or FUSE file system, where others may not see what
   * is written. Default false: ERR_MMAPIPC_FILESYSTEM.
   */
  anyFilesystem?: boolean;
  /**
   * Take the lock around each `read`, `readInto`, `readString`, `write`, pack and unpack (win32-mmap's
   * way), unless this object holds it already. Default false.
   */
  autolock?: boolean;
  /**
   * Milliseconds that every call of this object waits for a lock, and that opening a region waits for
   * a process that is just making, joining or leaving it; default 10,000, Infinity allowed.
   */
  timeout?: number;
  /**
   * When another process makes the file shorter: 'throw', the default, gives zeros in the place of
   * the lost bytes, and ERR_MMAPIPC_TRUNCATED from every method from then on; 'crash' leaves it to
   * the system (SIGBUS ends the process). A page that is lost otherwise gives zeros and ENOSPC or
   * EDQUOT (a hole of the file could not be filled) or EIO.
   */
  onTruncate?: 'throw' | 'crash';
}

/** The value, and all that plain objects and arrays in it hold, as read-only. */
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

/** A value to pack: which of them a letter of the template takes, README.md says. */
export type Packable = number | bigint | string | NodeJS.ArrayBufferView;
/** A value that was unpacked. */
export type Unpacked = number | bigint | string;

export interface UnpackOptions {
  /**
   * Which integers come as a bigint. `'auto'`, the default: those beyond 2^53 - 1. `'always'`: those
   * of every field of 64 bits (`q Q j J`, and `l! L!` where C's long has 64), of `w`, and checksums
   * of more than 32 bits, so that the type does not depend on the value. `'never'`: none; one beyond
   * 2^53 - 1 is a RangeError.
   */
  bigint?: 'auto' | 'always' | 'never';
}

/**
 * Packs values by a template of Perl's pack: the whole language of perlfunc but `p`, `P` and `D`.
 *
 * Numbers that do not fit a field wrap as they do in Perl. Strings are Latin-1: each character is a
 * byte. What Perl answers with a warning, too few or too many values, is an error here.
 *
 * @param template - compiled once; the last 128 of each direction are kept
 * @throws TypeError ERR_INVALID_ARG_VALUE - the template cannot be read, or takes more or fewer values
 * @throws TypeError ERR_INVALID_ARG_TYPE - a string where a number is wanted, or the other way round
 * @throws RangeError ERR_OUT_OF_RANGE - a character above U+00FF, a number that is not finite under an
 *   integer, a position before the beginning, more than 16 MiB of padding
 */
export function pack(template: string, ...values: Packable[]): Buffer;

/**
 * Unpacks values by a template of Perl's unpack.
 *
 * @throws TypeError ERR_INVALID_ARG_VALUE - the template cannot be read
 * @throws RangeError ERR_OUT_OF_RANGE - the template goes beyond the bytes with `x` or `@`, before them
 *   with `X`, or repeats itself without end
 */
export function unpack(
  template: string,
  bytes: NodeJS.ArrayBufferView,
  options?: UnpackOptions,
): Unpacked[];

/**
 * The bytes that a template of fixed size takes: `sizeOf('N n C')` is 7.
 *
 * @throws TypeError ERR_INVALID_ARG_VALUE - the template cannot be read, or its size depends on the
 *   values (`*`, `/`, `@`, `w`, `u`, `U`)
 * @throws RangeError ERR_OUT_OF_RANGE - more than 16 MiB
 */
export function sizeOf(template: string): number;

/** One that attached to a region, as its header has it. */
export interface Participant {
  /** Never used again in the life of the region. */
  number: number;
  pid: number;
  thread: number;
  /** In which `pid` and `thread` are numbered (the inode of the pid namespace), 0: unknown. */
  pidNamespace: number;
  since: Date;
  /** How many of its threads wait for the lock. */
  waiting: number;
  /** As the kernel knows it; one that is dead never said that it left. */
  alive: boolean;
}

/** What {@link inspect} finds. All but `state` and `version` are there when it is 'ok'. */
export type Inspection =
  | {
      state: 'ok';
      /** The class that made it: 'Mmap', 'Share'. */
      kind: string;
      /** Bytes of the memory; a Share takes four times its capacity. */
      size: number;
      /** Of a Share. */
      capacity?: number;
      /** Of a Share: what it holds; version 0: nothing was ever set. */
      value?: { version: number; byteLength: number };
      version: number;
      id: string;
      /** How many are attached, as the kernel knows it, that may write. */
      writers: number;
      readers: number;
      /** Of `participants`: those that are dead. */
      dead: number;
      /** Who has the lock, and how many of the participants' threads wait for it. */
      lock: { holder: (LockHolder & { since: Date }) | null; waiters: number };
      participants: Participant[];
    }
  | {
      /**
       * 'unfinished': being made, or its maker was killed; 'foreign': no region; 'version': of another
       * version or byte order; 'damaged': what it says of itself cannot be.
       */
      state: 'unfinished' | 'foreign' | 'version' | 'damaged';
      reason: string;
      version: number;
    };

/**
 * What the header of a region says. Takes no lock, changes nothing, and does not throw on a damaged
 * one.
 *
 * @throws ENOENT, EACCES - there is nothing, or nothing that this user may look at
 */
export function inspect(where: string | RegionOptions | { path: string | URL }): Inspection;

/** What {@link list} reports of a name. */
export type Listed =
  | {
      name: string;
      state: 'ok';
      /** The class that made it: 'Mmap', 'Share'. */
      kind: string;
      size: number;
      /** Of a Share. */
      capacity?: number;
      /** How many are attached that may write, and that only read; both 0: left behind. */
      writers: number;
      readers: number;
      /** Participants that died without leaving. */
      dead: number;
      /** The processes that are attached. */
      pids: number[];
    }
  | {
      name: string;
      /** As of {@link Inspection}; 'unknown': it could not be looked at. */
      state: 'unfinished' | 'foreign' | 'version' | 'damaged' | 'unknown';
      reason: string;
    };

/**
 * The names of this user, each with what {@link inspect} reports of it, in short. It covers the
 * directory of names (`/dev/shm/mmapipc-<uid>`, or below MMAPIPC_DIR), takes no lock and attaches to
 * nothing. A name that is removed meanwhile is left out.
 *
 * @throws EACCES ... - the directory cannot be read
 */
export function list(): Listed[];

/**
 * Removes a name, or the file of a region; those attached keep what they have until they close.
 *
 * @throws ENOENT - nothing is there; ERR_MMAPIPC_FOREIGN - the file is no region, and stays;
 *   ERR_MMAPIPC_TIMEOUT - somebody is just making, joining or leaving it
 */
export function unlink(where: { name?: string; path?: string | URL; timeout?: number }): void;

/**
 * A file, or memory without one, as memory of this process.
 *
 * A shared mapping is one memory for all processes that map the file. A read-only one cannot change
 * it: `write` throws, and a store into `buffer` changes a private copy of that page, in this
 * process only; pages not stored into go on following the file.
 *
 * If another process makes the file shorter than the mapping, `buffer` shows zeros in the place of
 * the lost pages, and every method throws ERR_MMAPIPC_TRUNCATED once one of them was touched (see
 * `onTruncate`).
 *
 * Locks of a file are the kernel's own: Perl's flock, IPC::Mmap and flock(1) respect those on the
 * whole file; they come free with the process or thread that holds them, however it ends. Memory
 * without a file has a lock of its own (see {@link LockFamily}).
 */
export class Mmap {
  /**
   * Maps a file.
   *
   * A missing file is made when the mapping is shared and writable and has a length. A file that
   * is too short is extended with zeros when the mapping is shared and writable, and the space is
   * really taken (ENOSPC here, not at some later store); nothing is left behind on failure.
   *
   * Without a file (options, or MAP_ANON) it is shared memory: see {@link RegionOptions}.
   *
   * @param file - path, `file:` URL, descriptor (duplicated) or FileHandle; with MAP_ANON the name
   *   that children inherit, or null
   * @param length - bytes; 0: from `offset` to the end of the file
   * @param prot - PROT_READ, PROT_WRITE or both
   * @param flags - MAP_SHARED or MAP_PRIVATE, with MAP_FILE or MAP_ANON or without
   * @param offset - first byte, any: it need not be a multiple of the page size
   * @throws ERR_MMAPIPC_FILE_TOO_SMALL - the file ends before the range and may not be extended
   *   (also: length 0 and nothing lies beyond `offset`)
   * @throws ERR_MMAPIPC_FILESYSTEM - a shared writable mapping on a network or FUSE file system
   * @throws ERR_MMAPIPC_UNSUPPORTED - a FIFO, socket or device; a region on a system without
   * @throws ERR_MMAPIPC_TOO_SMALL - the region exists, with less than `size` (`required`, `capacity`)
   * @throws ERR_MMAPIPC_NOT_INHERITED - `inherit` finds nothing where something above uses mmapipc
   * @throws ERR_MMAPIPC_TIMEOUT - a process that makes, joins or leaves the region does not go on
   * @throws ERR_MMAPIPC_KIND, _VERSION, _FOREIGN, _CORRUPT, _EXHAUSTED, _OWNER - what is there is not
   *   what was asked for, or not to be trusted
   * @throws the system's refusals as fs gives them: ENOENT, EACCES, EISDIR, ENOSPC, EMFILE ...
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
   * Maps, calls `fn` with the mapping, closes it, and gives back what `fn` returned. A promise is
   * awaited before the mapping is closed.
   */
  static with<T>(file: FileLike | MmapOptions, fn: (map: Mmap) => T): T;

  /**
   * Attaches to a region by its handle.
   * @throws ENOENT - nobody has it any more; EACCES - its process may not be looked into
   */
  static attach(handle: string, options?: Omit<MmapOptions, 'handle' | 'file'>): Mmap;
  /** Opens what exists, with the size it has. @throws ENOENT - nothing is there */
  static open(options: Omit<MmapOptions, 'create'>): Mmap;

  /**
   * How any process of the same user attaches, while anybody is: by a message, argv or env. Undefined
   * for files, names and private memory. Stays readable after close().
   */
  readonly handle: string | undefined;
  /** The name it was opened by. */
  readonly name: string | undefined;
  /** What JSON says of it: the handle, or `{ name }` or `{ file }`, as `new Mmap` takes it. */
  toJSON(): string | { name: string } | { file: string } | undefined;

  /** Bytes of the mapping. Stays readable after close(). */
  readonly size: number;
  /** Offset of its first byte in the file. Stays readable after close(). */
  readonly offset: number;
  /** The absolute path it was opened by; undefined for a descriptor. */
  readonly file: string | undefined;
  /**
   * Whether its name or file no longer leads to this memory, because it was removed or replaced (log
   * rotation, systemd's RemoveIPC): others who open it get another one. False without a name or
   * path, after close(), and where this process may not look (it has dropped its privileges since).
   * Each read is a system call.
   */
  readonly stale: boolean;
  /** Whether `write` is refused. */
  readonly readOnly: boolean;
  readonly closed: boolean;
  /** Bytes of a page on this system. */
  readonly pageSize: number;
  /**
   * The mapping's own descriptor, close-on-exec; undefined on Windows. It is closed by close(): do
   * not close it yourself.
   * @throws ERR_MMAPIPC_CLOSED
   */
  readonly fd: number | undefined;
  /**
   * Where the first byte of `buffer` lies in this process.
   * @throws ERR_MMAPIPC_CLOSED
   */
  readonly address: bigint;

  /**
   * The mapping itself, without a copy: always the same Buffer, over the first 4 GiB where Node has
   * that limit (Node 20; use `view` beyond). Typed arrays and Atomics over its ArrayBuffer work,
   * across processes too; Atomics.wait does not, as this is no SharedArrayBuffer.
   *
   * Its byteOffset is `offset % 8`: the ArrayBuffer begins at an address that is a multiple of 8, so
   * that a typed array at this byteOffset is aligned, or refused with a RangeError.
   *
   * After close() it has length 0. A Buffer handed to an asynchronous call (fs, zlib, crypto) must
   * not be closed before the callback.
   * @throws ERR_MMAPIPC_CLOSED; ERR_MMAPIPC_UNSUPPORTED where the runtime refuses such Buffers
   *   (Electron)
   */
  readonly buffer: Buffer;

  /**
   * A window onto the mapping, without a copy, anywhere in a mapping of any size; clipped at its
   * end. The rules of `buffer` hold for it.
   * @param offset - default 0
   * @param length - default: the rest
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end; a Buffer cannot be that long
   */
  view(offset?: number, length?: number): Buffer;

  /**
   * Copies bytes out, as many as there are up to `length`.
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end; a Buffer cannot be that long
   * @throws ERR_MMAPIPC_ACCESS - the mapping is write-only
   */
  read(offset?: number, length?: number): Buffer;

  /**
   * Copies bytes into `target`, up to the shortest of `length`, the target and what there is.
   * @returns bytes copied
   */
  readInto(target: NodeJS.ArrayBufferView, offset?: number, length?: number): number;

  /** The bytes as a string; `encoding` as for Buffer.toString, default 'utf8'. */
  readString(offset?: number, length?: number, encoding?: BufferEncoding): string;

  /**
   * Writes a string (UTF-8; cut between characters, never inside one) or bytes, clipped at the end
   * of the mapping and after `length` bytes.
   * @returns bytes written
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end
   * @throws ERR_MMAPIPC_ACCESS - the mapping is read-only
   */
  write(data: NodeJS.ArrayBufferView, offset?: number, length?: number): number;
  /** Writes a string in an encoding of Buffer, 'utf8' by default, cut between characters. */
  write(data: string, offset?: number, length?: number, encoding?: BufferEncoding): number;
  write(data: string | NodeJS.ArrayBufferView, offset?: number, length?: number): number;

  /**
   * Packs values at `offset`: see {@link pack}. What goes beyond the end of the mapping is cut off.
   * Nothing is written when a value is refused.
   * @returns bytes written
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end; and what {@link pack} throws
   * @throws ERR_MMAPIPC_ACCESS - the mapping is read-only
   */
  pack(offset: number, template: string, ...values: Packable[]): number;

  /**
   * Unpacks values from `offset` on: see {@link unpack}.
   * @param length - bytes that the template may reach, clipped at the end; default: all to the end
   * @throws ERR_OUT_OF_RANGE - offset at or beyond the end; and what {@link unpack} throws
   * @throws ERR_MMAPIPC_ACCESS - the mapping is write-only
   */
  unpack(offset: number, template: string, options?: UnpackOptions): Unpacked[];
  unpack(
    offset: number,
    length: number | undefined,
    template: string,
    options?: UnpackOptions,
  ): Unpacked[];

  /**
   * Packs the values of an array: `pack` for many, as `packArray(0, '(lldV)1000', values)` with 4,000
   * of them. A Float64Array is quickest.
   * @returns bytes written
   */
  packArray(offset: number, template: string, values: ArrayLike<Packable>): number;

  /**
   * Unpacks into the elements of `target`, from its first on.
   *
   * A Float64Array takes numbers (an integer beyond 2^53 - 1 is a RangeError), a BigInt64Array
   * integers (those from 2^63 on as their 64 bits), an Array anything.
   * @returns how many values there were
   * @throws ERR_OUT_OF_RANGE - more values than the typed array has room for
   */
  unpackInto(
    offset: number,
    template: string,
    target: Unpacked[] | number[] | Float64Array | BigInt64Array,
  ): number;

  /**
   * Has the range written to the disk (msync). Other processes see what is written without it;
   * it is for the power cut.
   * @param options - `async: true`: begin, do not wait
   */
  flush(offset?: number, length?: number, options?: { async?: boolean }): void;

  /**
   * Tells the system how the range will be used (madvise). 'dontneed' on a private mapping throws
   * away its own changes, of the pages that lie wholly in the range.
   * @throws ERR_INVALID_ARG_VALUE; EINVAL where the system cannot ('hugepage' on most files)
   */
  advise(advice: Advice, offset?: number, length?: number): void;

  /**
   * Keeps all pages in memory (mlock). Of a private writable mapping it makes every page a private
   * copy, which no longer follows the file.
   * @throws ENOMEM, EPERM beyond what the user may lock
   */
  lockMemory(): void;
  /** Takes lockMemory() back. */
  unlockMemory(): void;

  /**
   * How many pages of the range are in memory (mincore). Linux answers with all of them for a file
   * that the user neither owns nor may write.
   */
  resident(offset?: number, length?: number): number;

  /**
   * Unmaps. Every Buffer, typed array and DataView got from it then has length 0 or throws.
   * Waits for a lock are rejected with ERR_MMAPIPC_CLOSED. Closing again does nothing.
   * @throws ERR_MMAPIPC_LOCKED - the lock is held; release it first
   */
  close(): void;
  /** The same as close(). */
  unmap(): void;
  /** Releases the lock and closes, for `using`. */
  [Symbol.dispose](): void;
}

export interface Mmap extends LockFamily<LockGuard> {}

/** How a value becomes bytes and comes back: see {@link ShareOptions.codec}. */
export interface Codec<T = unknown> {
  encode(value: T): Uint8Array;
  /** The bytes are its own to keep. */
  decode(bytes: Buffer): T;
}

/** Options of {@link Share}. A name that is not one of these is an error that says so. */
export interface ShareOptions<T = unknown> extends RegionOptions {
  /** A file of ours: what it holds survives all processes, and a power cut up to the last flush(). */
  path?: string | URL;
  /** Instead of the first argument: bytes that an encoded value may take. */
  capacity?: number;
  /**
   * - `'auto'`, the default: numbers, strings, bigints and Buffers as they are, plain data as JSON,
   *   the rest as v8 serializes it. What comes back is what structuredClone gives (a Buffer stays one).
   * - `'v8'`: objects as v8 serializes them.
   * - `'json'`: JSON. The choice when writers are not trusted: v8's deserializer is never reached.
   * - an object with `encode` and `decode`: yours.
   *
   * All who open it should say the same: 'auto' and 'v8' read each other's, any other mix is
   * ERR_MMAPIPC_CODEC when it is read.
   */
  codec?: 'auto' | 'v8' | 'json' | Codec<T>;
  /**
   * A CRC-32C with each value: bytes that something else has changed are ERR_MMAPIPC_CORRUPT, and so
   * is a value without. Default false.
   */
  checksum?: boolean;
  /** As for {@link MmapOptions.create}. */
  create?: boolean | 'exclusive';
  /** Permission bits of a file that is made, less the umask; default 0o600. */
  mode?: number;
  /** Attaches without the right to write: the system enforces it. Default false. */
  readOnly?: boolean;
  /** Milliseconds that every call of this object waits for a lock; default 10,000, Infinity allowed. */
  timeout?: number;
  /** As for {@link MmapOptions.anyFilesystem}. */
  anyFilesystem?: boolean;
}

/** A guard of a Share's lock: its methods act under it, also when lockAsync() took it. */
export interface ShareGuard<T> extends LockGuard {
  /** As the Share's own. @throws ERR_MMAPIPC_NOT_LOCKED - the guard was released */
  get(): T | undefined;
  set(value: T): number;
  update(fn: (old: T | undefined) => T): T;
  clear(): void;
  compareAndSet(version: number, value: T): boolean;
}

/**
 * One structured value for all processes and threads that have it.
 *
 * A value is there whole or not at all: readers take no lock and never see half of one, and a writer
 * that dies, whenever that is, leaves the last value that was set. Values have versions, counted from
 * 1 by each set.
 *
 * Events: `'change'` (version): it was set, by whomever; several at once are told as one.
 * `'recovered'`: a call of this object has found the lock in the hands of a dead process. Listeners do
 * not keep the process alive, unless ref() says so.
 * `'error'`: changes can no longer be observed, see {@link Share.on}.
 */
export class Share<T = any> extends EventEmitter {
  /**
   * @param capacity - bytes that an encoded value may take: a ceiling, not a cost; memory is used for
   *   what is set (a name's and a path's, whose space is really taken, for four values of that size)
   * @throws ERR_MMAPIPC_TOO_SMALL - it exists, for smaller values (`required`, `capacity`)
   * @throws ERR_MMAPIPC_UNCLEAN - the machine went down while the file was open, and there are no
   *   checksums, or not the right ones
   * @throws ERR_MMAPIPC_CODEC - it exists, made with a codec that does not go with this one (`found`,
   *   `wanted`): 'auto' and 'v8' go together, and read-only they read what 'json' writes
   * @throws what `new Mmap` throws of regions: ERR_MMAPIPC_NOT_INHERITED, _KIND ...
   */
  constructor(capacity: number, options?: ShareOptions<T>);
  constructor(options: ShareOptions<T>);

  /** Opens, calls `fn` with it, closes it, and gives back what `fn` returned; a promise is awaited. */
  static with<T, R>(capacity: number, options: ShareOptions<T>, fn: (share: Share<T>) => R): R;
  static with<T, R>(capacity: number, fn: (share: Share<T>) => R): R;
  static with<T, R>(options: ShareOptions<T>, fn: (share: Share<T>) => R): R;
  /** Attaches by a handle. @throws ENOENT - nobody has it any more */
  static attach<T = any>(handle: string, options?: Omit<ShareOptions<T>, 'handle'>): Share<T>;
  /** Opens what exists. @throws ENOENT - nothing is there; ERR_MMAPIPC_CODEC - made with another codec */
  static open<T = any>(options: Omit<ShareOptions<T>, 'create'>): Share<T>;

  /** As of {@link Mmap}: how others open the same. */
  readonly handle: string | undefined;
  readonly name: string | undefined;
  /** Absolute, also if a relative one was given. */
  readonly path: string | undefined;
  toJSON(): string | { name: string } | { path: string };
  /**
   * As {@link Mmap.stale}. If the file of a name was removed by anything but `unlink()`, changes of the
   * value throw ERR_MMAPIPC_STALE from about a second later on; and while there are listeners of
   * 'change', 'error' is emitted with that code (a process warning if nothing listens to 'error').
   */
  readonly stale: boolean;
  /** Bytes that an encoded value may take, as it was made with. */
  readonly capacity: number;
  /** `'custom'` for one of yours. */
  readonly codec: 'auto' | 'v8' | 'json' | 'custom';
  readonly readOnly: boolean;
  readonly closed: boolean;

  /** Of the value that is there; 0: nothing was ever set. @throws ERR_MMAPIPC_CLOSED */
  readonly version: number;
  /** Bytes of the value that is there, encoded. @throws ERR_MMAPIPC_CLOSED */
  readonly byteLength: number;

  /**
   * Sets the value. Between lock() and unlock() under that lock, else it takes and releases it.
   * @returns the new version
   * @throws TypeError - undefined, a function, a symbol, or what the codec cannot take
   * @throws ERR_MMAPIPC_TOO_LARGE - more than `capacity`; the old value stays
   * @throws ERR_MMAPIPC_ACCESS - attached read-only; and what lock() throws
   */
  set(value: T): number;
  /** The same without holding up the event loop. The value is encoded at once. */
  setAsync(value: T): Promise<number>;
  /**
   * The value, fresh; undefined when nothing was set, or it was cleared. Takes no lock, and does not
   * wait for one that is held.
   * @throws ERR_MMAPIPC_CODEC - it was set with a codec that this one does not read
   * @throws ERR_MMAPIPC_CORRUPT, _TRUNCATED, _CLOSED
   * @throws ERR_MMAPIPC_TIMEOUT - for a second writers were quicker than this reader
   */
  get(): T | undefined;
  /**
   * The value, decoded once for each version: as long as nobody sets it, a comparison. Plain objects
   * and arrays come deeply frozen, the same each time; a value that holds anything else (Map, Date,
   * Buffer ...), or comes from a custom codec, is decoded afresh, as get() does, and is not frozen.
   */
  peek(): DeepReadonly<T> | undefined;
  /**
   * Sets what `fn` makes of the value, under the lock. If `fn` throws, or is ended in another way, the
   * value is unchanged and the lock released.
   * @returns the new value
   * @throws TypeError - `fn` returned undefined or a promise
   * @throws ERR_MMAPIPC_DEADLOCK - within `fn`, from set(), update(), clear() and compareAndSet() of the
   *   same object or its guard: the result of `fn` would overwrite their value
   */
  update(fn: (old: T | undefined) => T): T;
  /**
   * Sets what an async `fn` makes of the value, if nobody has set it meanwhile; else runs `fn` again,
   * with the new one. No lock is held while it runs.
   */
  updateAsync(fn: (old: T | undefined) => Promise<T> | T): Promise<T>;
  /** Sets the value if the version that is there is this one; 0: if nothing was ever set. */
  compareAndSet(version: number, value: T): boolean;
  /** Takes the value away: get() gives undefined. A new version. */
  clear(): void;

  /**
   * Resolves with the version once it is another than `since` (default: the one of now). Keeps the
   * process alive; rejected by `timeout` (ms, default none), `signal` and close().
   */
  changed(options?: { since?: number; timeout?: number; signal?: AbortSignal }): Promise<number>;
  /**
   * Iterates over the newest value: after each change since the call, or with `since` after that
   * version; `since: 0` starts with the current value. Changes between two steps are one step. A
   * pending next() keeps the process alive. return() and throw() end it at once, close() ends it
   * normally, `signal` with an AbortError.
   */
  watch(options?: { since?: number; signal?: AbortSignal }): AsyncIterableIterator<T | undefined>;

  /** Whether 'change' listeners keep the process alive: unref() is how it begins. */
  ref(): this;
  unref(): this;

  on(event: 'change', listener: (version: number) => void): this;
  on(event: 'recovered', listener: () => void): this;
  /** 'change' is not emitted any more: the region was truncated or overwritten. Emitted once; without
   * a listener it is a process warning (MMAPIPC_NOT_OBSERVED). */
  on(event: 'error', listener: (error: Error) => void): this;
  once(event: 'change', listener: (version: number) => void): this;
  once(event: 'recovered', listener: () => void): this;

  /** Has a `path`'s file written to the disk (msync). */
  flush(): void;
  /** Pending promises are rejected with ERR_MMAPIPC_CLOSED. @throws ERR_MMAPIPC_LOCKED - it is locked */
  close(): void;
  /** Releases the lock and closes, for `using`. */
  [Symbol.dispose](): void;
}

export interface Share<T> extends LockFamily<ShareGuard<T>> {}
