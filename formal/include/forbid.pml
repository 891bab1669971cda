/* Asserts that a state never occurs. ONLY: the one property that is checked of a twin. */
#ifdef ONLY
#define FORBID(what, when) what = (when); assert(!ONLY)
#else
#define FORBID(what, when) what = (when); assert(!what)
#endif
