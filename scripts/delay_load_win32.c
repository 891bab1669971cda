/*
 * The delay-load hook: lets the addon load in a host that is not called node.exe.
 *
 * It is here and not in src/, because node-gyp has a hook of its own. Only build-win32.js, which
 * builds without node-gyp, compiles it.
 */
#include <windows.h>

#include <delayimp.h>
#include <string.h>

/* Node-API is exported by the program, or by a libnode.dll that it has loaded. */
static FARPROC WINAPI find_host(unsigned event, PDelayLoadInfo info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return NULL;
  HMODULE host = GetModuleHandleW(L"libnode.dll");
  return (FARPROC)(void *)(host ? host : GetModuleHandleW(NULL));
}

PfnDliHook __pfnDliNotifyHook2 = find_host;
