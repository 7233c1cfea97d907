"""A stand-in for the plugin of pulumi-command, whose own cannot be had from package registries.

It serves two of its resources, remote.Command and local.Command, as version 1.2.1 does (its provider/pkg/provider): the
same tokens, inputs and outputs, really run. What is different: connections go through HOST_PROXY_URL where there is
one, a host's key has to be given, and nothing is logged while a command runs. Jump hosts, assets and archives are
refused.
"""
