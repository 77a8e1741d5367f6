package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// selfSigned makes a certificate for a listener that is given none, as mysqld
// does at its first start. It lives as long as the process.
func selfSigned(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Guardrail self-signed"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// listenerTLS builds what a listener offers to clients. Empty file names ask
// for a self-signed certificate and for no client certificates.
func listenerTLS(certFile, keyFile, clientCAFile string, now time.Time) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	var certificate tls.Certificate
	var err error
	if certFile == "" {
		certificate, err = selfSigned(now)
	} else {
		certificate, err = tls.LoadX509KeyPair(certFile, keyFile)
	}
	if err != nil {
		return nil, fmt.Errorf("listener's certificate: %w", err)
	}
	config.Certificates = []tls.Certificate{certificate}
	if clientCAFile != "" {
		if config.ClientCAs, err = readCAs(clientCAFile); err != nil {
			return nil, fmt.Errorf("client_ca: %w", err)
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// backendTLS builds what is asked of the backend, by MySQL's ssl-mode words.
// A nil config speaks plain. An unknown word is refused.
func backendTLS(mode, caFile, address string) (*tls.Config, error) {
	if mode == "disabled" {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("backend's address: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if caFile != "" {
		if config.RootCAs, err = readCAs(caFile); err != nil {
			return nil, fmt.Errorf("backend's ca: %w", err)
		}
	}
	switch mode {
	case "verify_identity":
	case "verify_ca":
		config.InsecureSkipVerify = true // the chain is verified below, the name is not
		config.VerifyConnection = verifyChain(config.RootCAs)
	case "required":
		config.InsecureSkipVerify = true // encrypted, and trusted as it is: what the word means
	default:
		return nil, fmt.Errorf("tls mode %q: use disabled, required, verify_ca or verify_identity", mode)
	}
	return config, nil
}

// verifyChain verifies the server's chain without its name.
func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the backend sent no certificate")
		}
		intermediates := x509.NewCertPool()
		for _, c := range state.PeerCertificates[1:] {
			intermediates.AddCert(c)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
		return err
	}
}

func readCAs(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", file)
	}
	return pool, nil
}
