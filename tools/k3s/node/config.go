// Package node makes the machine a node of the cluster, with the real containerd, kubelet, kube-proxy and kube-router.
package node

// Config says which node to be. Every path is absolute, and every file is there when Run is called.
type Config struct {
	// NodeName is the name that the Node object gets.
	NodeName string
	// NodeIP is the node's own address, of a network card of the machine.
	NodeIP string
	// ExternalIP is the address that others reach the node at, or empty.
	ExternalIP string
	// Labels are `key=value`; they take effect when the node registers, not later.
	Labels []string
	// Taints are `key=value:effect`; they take effect when the node registers, not later.
	Taints []string

	// APIServer is the URL that the kubeconfigs name: the load balancer on an agent, this machine's own on a server.
	APIServer string
	// KubeletKubeconfig is for the kubelet: user system:node:<name>.
	KubeletKubeconfig string
	// KubeProxyKubeconfig is for kube-proxy: user system:kube-proxy.
	KubeProxyKubeconfig string
	// ControllerKubeconfig is for the mesh, network policies and the device plugin: user system:k3s-controller, who may
	// read all nodes, pods, namespaces and policies, patch nodes/status and read ConfigMaps of kube-system.
	ControllerKubeconfig string
	// ClientCA is whom the kubelet trusts to authenticate its callers.
	ClientCA string
	// ServerCA is the authority of the API server and of the kubelets' serving certificates.
	ServerCA string
	// ServingCert and ServingKey are what the kubelet serves 10250 with.
	ServingCert string
	ServingKey  string
	// ClientCert and ClientKey are the kubelet's own, as KubeletKubeconfig names them.
	ClientCert string
	ClientKey  string

	// KubeletArgs and KubeProxyArgs are `flag=value` without dashes; they win over what this package would set.
	KubeletArgs   []string
	KubeProxyArgs []string
	// ProtectKernelDefaults is the kubelet's flag of that name.
	ProtectKernelDefaults bool
	// DisableKubeProxy leaves kube-proxy out.
	DisableKubeProxy bool
	// DisableNetworkPolicy leaves network policies unenforced.
	DisableNetworkPolicy bool
	// PauseImage is the image of sandboxes.
	PauseImage string
	// DefaultRuntime is containerd's default runtime, or empty.
	DefaultRuntime string
	// PrivateRegistry is the path of registries.yaml, which may not exist.
	PrivateRegistry string
	// ResolvConf is what pods with DNS policy Default get, or empty for the machine's own.
	ResolvConf string

	// FlannelBackend is none, vxlan, host-gw or wireguard-native.
	FlannelBackend string
	// FlannelExternalIP makes the mesh go over external addresses.
	FlannelExternalIP bool
	ClusterCIDR       string
	ServiceCIDR       string
	ClusterDNS        string
	ClusterDomain     string

	// DataDir is K3s' own, /var/lib/rancher/k3s; this package's files are in its folder `agent`.
	DataDir string
	// Version is this program's, such as v1.36.2+k3s1.
	Version string
	// ProgramsDir holds what the machine brings: kwok-stages.yaml, images/, bin/.
	ProgramsDir string
	// KubernetesDir holds kubelet and kube-proxy of this version.
	KubernetesDir string

	// Ready is called once: when the kubelet answers.
	Ready func()
}

// The server's part of being a node, so that both sides agree:
//   - the kubelet runs with --cloud-provider=external: the server's cloud controller reads the annotations
//     k3s.io/internal-ip, k3s.io/external-ip and k3s.io/hostname, sets the node's addresses from them and takes the taint
//     node.cloudprovider.kubernetes.io/uninitialized away;
//   - package agent sets the annotations k3s.io/* with the kubelet's credential as soon as the Node object exists;
//   - annotations flannel.alpha.coreos.com/* are the mesh's, so this package's;
//   - a kwok process runs beside the control plane from the moment a node labelled kwok.x-k8s.io/node=fake exists.
