#pragma once
// Faults that are planted in a variant of the core for tests, to see that the simulator finds them. In the
// product PLANTED is always false and nothing of this is there.

#ifdef MICROSTAGE_PLANTED_FAULTS
namespace microstage::core {
inline int planted_fault = 0;  // the number of the fault that is on; 0: none
}
#define PLANTED(number) (::microstage::core::planted_fault == (number))
#else
#define PLANTED(number) false
#endif
