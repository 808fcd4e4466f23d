# Cost of compilation, g++ 12 -O2: set(recorded_<source> <MiB, peak> <bytes that nm prints>). 20 % more fails the test.
set(recorded_train_pconv_cifar_net2 430 112566)
# 200 until the library had threads of its own: <thread>, <mutex>, <condition_variable> and <chrono> are read by every unit
set(recorded_layers_200 256 84632)
