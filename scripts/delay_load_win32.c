/*
 * The delay-load hook: lets the addon load in a host that is not called node.exe.
 *
 * It lies here and not in src/, because node-gyp brings a hook of its own; build-win32.js, which
 * builds without node-gyp, is the only one to compile this.
 */
#include <windows.h>

#include <delayimp.h>
#include <string.h>

/* Whatever its name: Node-API is exported by the program, or by a libnode.dll that it has loaded.
 */
static FARPROC WINAPI find_host(unsigned event, PDelayLoadInfo info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return NULL;
  HMODULE host = GetModuleHandleW(L"libnode.dll");
  return (FARPROC)(void *)(host ? host : GetModuleHandleW(NULL));
}

PfnDliHook __pfnDliNotifyHook2 = find_host;
