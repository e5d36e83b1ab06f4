package cli

import "testing"

// TestDeviceName: a device as TensorFlow names it is shown in short, another name as it is.
func TestDeviceName(t *testing.T) {
	for full, want := range map[string]string{
		"/job:localhost/replica:0/task:0/device:CPU:0": "CPU:0", "/device:GPU:1": "GPU:1", "CPU": "CPU", "": "",
	} {
		if got := deviceName(full); got != want {
			t.Errorf("deviceName(%q) = %q, want %q", full, got, want)
		}
	}
}
