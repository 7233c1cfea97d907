module sophia/tools/pod

go 1.26.0
