/* How a model says that something must never be. ONLY: of a twin nothing but this one is asked. */
#ifdef ONLY
#define FORBID(what, when) what = (when); assert(!ONLY)
#else
#define FORBID(what, when) what = (when); assert(!what)
#endif
