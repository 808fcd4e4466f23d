// SPDX-License-Identifier: BSD-3-Clause
// Names that other libraries' headers define as macros, each as something that no code can hold: a
// public header that uses one does not compile. Real ones are often nothing, a number or a keyword,
// and break code in ways that are hard to read. Headers of others come first; they are not ours to
// change. `min` and `max` of windows.h are missing: C++ itself needs NOMINMAX there.
#pragma once
#include <cblas.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>
#include <set>
#include <span>
#include <sstream>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <xsimd/xsimd.hpp>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xrandom.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

// Qt, unless it is told QT_NO_KEYWORDS
#define slots @
#define signals @
#define emit @
#define foreach(a, b) @
#define forever @
#define Q_SLOTS @
#define Q_SIGNALS @
#define Q_EMIT @

// X11/X.h, Xlib.h, Xutil.h
#define Above @
#define Below @
#define Always @
#define Bool @
#define Status @
#define Success @
#define None @
#define True @
#define False @
#define Complex @
#define Convex @
#define Nonconvex @
#define Unsorted @
#define YSorted @
#define YXSorted @
#define YXBanded @
#define CurrentTime @
#define NoSymbol @
#define NoValue @
#define XValue @
#define YValue @
#define WidthValue @
#define HeightValue @
#define AllValues @
#define Expose @
#define FocusIn @
#define FocusOut @
#define KeyPress @
#define KeyRelease @
#define ButtonPress @
#define ButtonRelease @
#define Button1 @
#define Button2 @
#define ControlMask @
#define ShiftMask @
#define LockMask @
#define Mod1Mask @
#define GrayScale @
#define TrueColor @
#define StaticColor @
#define StaticGray @
#define DirectColor @
#define PseudoColor @
#define InputOnly @
#define InputOutput @
#define InputFocus @
#define InputHint @
#define StateHint @
#define IsUnmapped @
#define IsViewable @
#define Opposite @
#define PlaceOnTop @
#define TopIf @
#define BottomIf @
#define CursorShape @
#define TileShape @
#define StippleShape @
#define FontChange @
#define FillSolid @
#define FillTiled @
#define LineSolid @
#define CapButt @
#define CapRound @
#define JoinMiter @
#define JoinRound @
#define JoinBevel @
#define EvenOddRule @
#define WindingRule @
#define ArcChord @
#define DestroyAll @
#define DoRed @
#define DoGreen @
#define DoBlue @
#define LSBFirst @
#define MSBFirst @
#define PSize @
#define PAspect @
#define PPosition @
#define USSize @
#define Absolute @
#define LowerHighest @
#define RaiseLowest @
#define ParentRelative @
#define PointerRoot @
#define CopyFromParent @
#define RetainPermanent @
#define NormalState @
#define ZoomState @
#define IconicState @
#define GenericEvent @
#define LASTEvent @
#define ClientMessage @
#define SelectionNotify @
#define PropertyNotify @
#define MapNotify @
#define ReparentNotify @
#define NotifyNormal @
#define NotifyGrab @
#define BadValue @
#define BadMatch @
#define BadAccess @
#define BadAlloc @
#define BadLength @
#define BadName @
#define BadRequest @
#define BadWindow @
#define AnyKey @
#define AnyButton @
#define AnyModifier @
#define SyncBoth @
#define GrabModeSync @
#define WhenMapped @
#define NotUseful @
#define XYBitmap @
#define XYPixmap @
#define ZPixmap @
#define GXcopy @
#define GXand @
#define GXor @
#define GXxor @
#define GXnor @
#define GXclear @
#define GXset @
#define HostInsert @
#define HostDelete @
#define SetModeInsert @
#define SetModeDelete @
#define KBKey @
#define LedModeOn @
#define LedModeOff @
#define RectangleIn @
#define RectangleOut @
#define RectanglePart @
#define DefaultDepth(d, s) @
#define DefaultScreen(d) @
#define RootWindow(d, s) @
#define DisplayWidth(d, s) @
#define ScreenCount(d) @
#define WhitePixel(d, s) @
#define QLength(d) @

// windows.h
#define near @
#define far @
#define NEAR @
#undef FAR
#define FAR @
#define small @
#define hyper @
#define interface @
#define pascal @
#define cdecl @
#define IN @
#define OUT @
#define OPTIONAL @
#define CONST @
#define VOID @
#define ERROR @
#define NO_ERROR @
#define DELETE @
#define STRICT @
#define THIS @
#define PURE @
#undef TRUE
#define TRUE @
#undef FALSE
#define FALSE @
#define CALLBACK @
#define WINAPI @
#define APIENTRY @
#undef DOMAIN
#define DOMAIN @
#undef OVERFLOW
#define OVERFLOW @
#undef UNDERFLOW
#define UNDERFLOW @
#undef SING
#define SING @
#undef PLOSS
#define PLOSS @
#undef TLOSS
#define TLOSS @
#define IGNORE @
#define INFINITE @
#define ABSOLUTE @
#define RELATIVE @
#define OPAQUE @
#define TRANSPARENT @
#define ALTERNATE @
#define WINDING @
#define BOLD @
#define REGULAR @
#define GRAY @
#define MAX_PATH @
#define PASSTHROUGH @
#define grp1 @
#define grp2 @
#define rad1 @
#define rad2 @
#define chx1 @
#define psh1 @
#define stc1 @
#define lst1 @
#define cmb1 @
#define edt1 @
#define scr1 @
#define ctl1 @
#define frm1 @
#define ico1 @
#define CreateFile @
#define DeleteFile @
#define CopyFile @
#define MoveFile @
#define GetObject @
#define GetMessage @
#define SendMessage @
#define PostMessage @
#define CreateWindow @
#define DrawText @
#define LoadImage @
#define LoadString @
#define GetClassName @
#define GetCurrentTime @
#define GetFreeSpace @
#define GetTempPath @
#define SetPort @
#define GetForm @
#define ReportEvent @
#define Yield @
#define UpdateResource @
#define StartDoc @
#define EnumFonts @
#define FindText @
#define ReplaceText @
#define ChooseColor @
#define RegisterClass @
#define DispatchMessage @
#define UnlockResource @

// sys/param.h, termios.h; compilers in GNU mode
#undef linux
#define linux @
#undef unix
#define unix @
#undef MIN
#define MIN @
#undef MAX
#define MAX @
#undef howmany
#define howmany @
#undef roundup
#define roundup @
#undef ECHO
#define ECHO @
#undef NOFLSH
#define NOFLSH @

// GLib
#undef ABS
#define ABS @
#define CLAMP @
